import koffi, { type KoffiFunc } from 'koffi';

/*
 * Three calls of the system's C library that Node does not have. Each answers false where the system, or the file system,
 * does not know it, so that callers can do without.
 */

interface Library {
  /** https://man7.org/linux/man-pages/man2/flock.2.html */
  flock(descriptor: number, operation: number): number;
  /** https://man7.org/linux/man-pages/man2/rename.2.html */
  renameat2?: (fromFolder: number, from: string, toFolder: number, to: string, flags: number) => number;
  /** https://man7.org/linux/man-pages/man2/sync.2.html */
  syncfs?: KoffiFunc<(descriptor: number) => number>;
}

const lockExclusive = 2;
const lockNonBlocking = 4;
const workingFolder = -100; // AT_FDCWD
const exchange = 2; // RENAME_EXCHANGE

let loaded: Library | null | undefined;

function library(): Library | null {
  if (loaded !== undefined) return loaded;
  loaded = null;
  for (const name of ['libc.so.6', 'libSystem.dylib']) {
    try {
      const found = koffi.load(name);
      loaded = { flock: found.func('int flock(int, int)') };
      loaded.renameat2 = found.func('int renameat2(int, str, int, str, unsigned int)');
      loaded.syncfs = found.func('int syncfs(int)') as KoffiFunc<(descriptor: number) => number>;
      return loaded;
    } catch {
      // not under this name, or not all of it: what was found will do
      if (loaded) return loaded;
    }
  }
  return loaded;
}

/** Takes an exclusive lock on an open file or folder. It ends when the file is closed, and so with the process. */
export function lockFile(descriptor: number): 'locked' | 'held by another' | 'not possible' {
  const calls = library();
  if (!calls) return 'not possible';
  if (calls.flock(descriptor, lockExclusive | lockNonBlocking) === 0) return 'locked';
  return koffi.errno() === koffi.os.errno.EAGAIN ? 'held by another' : 'not possible';
}

/** Lets two paths of one file system change places, in one step. */
export function exchangePaths(a: string, b: string): boolean {
  return library()?.renameat2?.(workingFolder, a, workingFolder, b, exchange) === 0;
}

/** Writes all of a file system's pending data to its disk. */
export function syncFileSystem(descriptor: number): Promise<boolean> {
  const call = library()?.syncfs;
  if (!call) return Promise.resolve(false);
  return new Promise((resolve) => {
    call.async(descriptor, (error: unknown, result: number) => resolve(!error && result === 0));
  });
}
