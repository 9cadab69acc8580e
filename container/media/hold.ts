import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../core/errors.js';
import { lockFile } from '../libc.js';
import { holdToRead, holdToReplace, isShared } from './hold-across.js';

/**
 * Holds a media tree while `use` reads it, so that a second run of it ends at once. The hold is a lock on the folder
 * itself, seen by every process and container of the machine that has it mounted; of a bucket, or a folder that is not
 * there or cannot be locked, on a file named after it in the machine's temporary folder. It ends with the process.
 *
 * @throws OperatorError BUSY naming the process that holds it
 */
export async function holdMedia<T>(root: string, use: () => Promise<T>): Promise<T> {
  return held(root, async () => ((await isShared(root)) ? holdToRead(root, use) : use()));
}

/**
 * The same for who replaces the tree. Of a folder on a network's file system, it keeps other machines away, too.
 *
 * @throws OperatorError BUSY
 */
export async function holdMediaToReplace<T>(root: string, use: () => Promise<T>): Promise<T> {
  return held(root, async () => ((await isShared(root)) ? holdToReplace(root, use) : use()));
}

async function held<T>(root: string, use: () => Promise<T>): Promise<T> {
  const release = (await lockFolder(root)) ?? (await lockNamed(root));
  try {
    return await use();
  } finally {
    await release?.();
  }
}

type Release = () => Promise<void>;

async function lockFolder(root: string): Promise<Release | undefined> {
  for (;;) {
    let handle: FileHandle;
    try {
      handle = await open(root, 'r');
    } catch {
      return undefined; // no folder, or a bucket
    }
    const state = lockFile(handle.fd);
    if (state === 'locked' && (await isStill(handle, root))) return () => handle.close();
    if (state === 'held by another') throw await busy(handle, root);
    await handle.close();
    if (state === 'not possible') return undefined;
    // locked, but another run has put another folder in its place meanwhile: that one is meant
  }
}

async function lockNamed(root: string): Promise<Release | undefined> {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  // Not userInfo(): a container may run as a number that no user is named by, and there it throws.
  const path = join(tmpdir(), `respaldo-${process.getuid?.() ?? 0}-${name}.lock`);
  for (;;) {
    let handle: FileHandle;
    try {
      handle = await open(path, 'a', 0o600);
    } catch {
      return undefined; // a machine without a writable temporary folder: then without a hold
    }
    if (lockFile(handle.fd) === 'held by another') throw await busy(handle, root);
    const release = async () => {
      // While it is locked: whoever has opened it meanwhile sees that it is gone, and makes another.
      await rm(path, { force: true }).catch(() => {}); // it is empty, and the next run takes it
      await handle.close();
    };
    if (await isStill(handle, path)) return release;
    await handle.close(); // the run that had it has just ended and removed it
  }
}

/** Whether a path leads to what was opened by it. */
async function isStill(handle: FileHandle, path: string): Promise<boolean> {
  return (await handle.stat()).ino === (await inodeOf(path));
}

async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch {
    return undefined;
  }
}

async function busy(handle: FileHandle, root: string): Promise<OperatorError> {
  const { ino } = await handle.stat();
  await handle.close();
  const pid = await holderOf(ino);
  return new OperatorError(
    'BUSY',
    `${root} is held by ${pid === undefined ? 'another run' : `process ${pid}${await commandOf(pid)}`}`,
    pid === undefined ? 'Wait for it, then run again.' : `Wait for it, or end it: kill ${pid}.`,
  );
}

/** The kernel's list of locks: https://man7.org/linux/man-pages/man5/proc_locks.5.html */
async function holderOf(inode: number): Promise<number | undefined> {
  try {
    const locks = await readFile('/proc/locks', 'utf8');
    const pid = new RegExp(`FLOCK +\\w+ +WRITE +(\\d+) \\w+:\\w+:${inode} `).exec(locks)?.[1];
    return pid === undefined || pid === '0' ? undefined : Number(pid);
  } catch {
    return undefined; // not on this system
  }
}

async function commandOf(pid: number): Promise<string> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter(Boolean);
    return ` (${words.slice(1).join(' ')})`;
  } catch {
    return ''; // it has just ended, or is another user's
  }
}
