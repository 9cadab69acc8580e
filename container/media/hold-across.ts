import { type FileHandle, open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../core/errors.js';
import { type Locked, lockFile, lockFileShared } from '../libc.js';
import { ownPrefix } from './tar.js';

/** NFS, and so EFS: https://man7.org/linux/man-pages/man2/statfs.2.html */
const nfs = 0x6969;

/**
 * Whether a folder is one that other machines have mounted, too. Of such a folder a lock is seen on this machine alone;
 * of a file in it the server tells all of them.
 */
export async function isShared(folder: string): Promise<boolean> {
  try {
    return (await statfs(folder)).type === nfs;
  } catch {
    return false; // it is not there
  }
}

/**
 * Keeps everybody else away from a folder that is about to be replaced, on every machine, while `use` runs. The file that
 * is locked for it stays: taken away, it could be locked twice. Backups leave it out.
 *
 * @throws OperatorError BUSY
 */
export async function holdToReplace<T>(folder: string, use: () => Promise<T>): Promise<T> {
  return holding(folder, await opened(folder, 'a'), lockFile, use);
}

/**
 * Keeps a folder from being replaced while `use` reads it. Nothing is written for that: where none was ever replaced,
 * there is nothing to lock.
 *
 * @throws OperatorError BUSY
 */
export async function holdToRead<T>(folder: string, use: () => Promise<T>): Promise<T> {
  return holding(folder, await opened(folder, 'r'), lockFileShared, use);
}

async function opened(folder: string, flags: 'a' | 'r'): Promise<FileHandle | undefined> {
  try {
    return await open(join(folder, `${ownPrefix}hold`), flags, 0o666);
  } catch {
    return undefined; // a restore that may not write here is told so in a moment, by what it does first
  }
}

async function holding<T>(
  folder: string,
  handle: FileHandle | undefined,
  lock: (descriptor: number) => Locked,
  use: () => Promise<T>,
): Promise<T> {
  try {
    if (handle && lock(handle.fd) === 'held by another') {
      throw new OperatorError(
        'BUSY',
        `${folder} is held by another run, here or on another machine`,
        'Wait for it, then run again. After a run that was killed, the server keeps the hold for a minute or two.',
      );
    }
    return await use();
  } finally {
    await handle?.close();
  }
}
