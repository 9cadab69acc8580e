import koffi, { type KoffiFunc } from 'koffi';

/*
 * Calls of the system's C library that Node does not have. Each answers false where the system, or the file system,
 * does not know it, so that callers can do without.
 */

interface Library {
  /** https://man7.org/linux/man-pages/man2/flock.2.html */
  flock(descriptor: number, operation: number): number;
  /** https://man7.org/linux/man-pages/man2/rename.2.html */
  renameat2?: (fromFolder: number, from: string, toFolder: number, to: string, flags: number) => number;
  /** https://man7.org/linux/man-pages/man2/sync.2.html */
  syncfs?: KoffiFunc<(descriptor: number) => number>;
  /** https://man7.org/linux/man-pages/man2/sync_file_range.2.html */
  syncFileRange?: KoffiFunc<(descriptor: number, from: number, bytes: number, flags: number) => number>;
  /** https://man7.org/linux/man-pages/man2/pipe.2.html */
  pipe2?: (descriptors: Buffer, flags: number) => number;
  /** https://man7.org/linux/man-pages/man2/setsockopt.2.html */
  setsockopt?: (descriptor: number, level: number, option: number, value: Buffer, bytes: number) => number;
  /** https://man7.org/linux/man-pages/man2/fcntl.2.html */
  fcntl?: (descriptor: number, command: number, type: 'int', value: number) => number;
}

const lockShared = 1;
const lockExclusive = 2;
const lockNonBlocking = 4;
const workingFolder = -100; // AT_FDCWD
const exchange = 2; // RENAME_EXCHANGE
const startWriting = 2; // SYNC_FILE_RANGE_WRITE
const closeOnExec = 0o2000000; // O_CLOEXEC
const setPipeSize = 1031; // F_SETPIPE_SZ
const tcp = 6; // IPPROTO_TCP
const userTimeout = 18; // TCP_USER_TIMEOUT
const pipeBytes = 1024 * 1024;

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
      loaded.syncFileRange = found.func('int sync_file_range(int, int64, int64, unsigned int)') as KoffiFunc<
        (descriptor: number, from: number, bytes: number, flags: number) => number
      >;
      loaded.pipe2 = found.func('int pipe2(void *, int)');
      loaded.setsockopt = found.func('int setsockopt(int, int, int, void *, unsigned int)');
      loaded.fcntl = found.func('int fcntl(int, int, ...)');
      return loaded;
    } catch {
      // not under this name, or not all of it: what was found will do
      if (loaded) return loaded;
    }
  }
  return loaded;
}

export type Locked = 'locked' | 'held by another' | 'not possible';

/** Takes an exclusive lock on an open file or folder. It ends when the file is closed, and so with the process. */
export function lockFile(descriptor: number): Locked {
  return lock(descriptor, lockExclusive);
}

/** The same, of a lock that keeps nobody out but who wants an exclusive one. */
export function lockFileShared(descriptor: number): Locked {
  return lock(descriptor, lockShared);
}

function lock(descriptor: number, operation: number): Locked {
  const calls = library();
  if (!calls) return 'not possible';
  if (calls.flock(descriptor, operation | lockNonBlocking) === 0) return 'locked';
  return koffi.errno() === koffi.os.errno.EAGAIN ? 'held by another' : 'not possible';
}

/** Lets two paths of one file system change places, in one step. */
export function exchangePaths(a: string, b: string): boolean {
  return library()?.renameat2?.(workingFolder, a, workingFolder, b, exchange) === 0;
}

/** Writes all of a file system's pending data to its disk. */
export function syncFileSystem(descriptor: number): Promise<boolean> {
  const call = library()?.syncfs;
  return inBackground(call && ((answer) => call.async(descriptor, answer)));
}

/**
 * Lets the system begin to write a part of a file to its disk. Answers when that is begun; nothing is certain to be there
 * before the file is synced.
 */
export function startWritingOut(descriptor: number, from: number, bytes: number): Promise<boolean> {
  const call = library()?.syncFileRange;
  return inBackground(call && ((answer) => call.async(descriptor, from, bytes, startWriting, answer)));
}

/** Calls from another thread, because the call may wait for a disk. */
function inBackground(
  call: ((answer: (error: unknown, result: number) => void) => void) | undefined,
): Promise<boolean> {
  if (!call) return Promise.resolve(false);
  return new Promise((resolve) => call((error, result) => resolve(!error && result === 0)));
}

/** The two ends of a pipe, which the programs that this process starts do not inherit. */
export interface PipeEnds {
  readonly read: number;
  readonly write: number;
}

/** A pipe of the system with room for a mebibyte, where the system grants so much; undefined where it can make none. */
export function openPipe(): PipeEnds | undefined {
  const calls = library();
  const descriptors = Buffer.alloc(8);
  if (calls?.pipe2?.(descriptors, closeOnExec) !== 0) return undefined;
  const [read, write] = [descriptors.readInt32LE(0), descriptors.readInt32LE(4)];
  calls.fcntl?.(write, setPipeSize, 'int', pipeBytes); // smaller ones do as well, only slower
  return { read, write };
}

/**
 * Lets the system end a TCP connection on which what was sent stays unacknowledged, or is not taken, for so long. Answers
 * false for any other kind of socket, too.
 */
export function setTcpUserTimeout(descriptor: number, milliseconds: number): boolean {
  // On other systems these numbers mean something else.
  if (process.platform !== 'linux') return false;
  const value = Buffer.alloc(4);
  value.writeInt32LE(milliseconds);
  return library()?.setsockopt?.(descriptor, tcp, userTimeout, value, value.length) === 0;
}
