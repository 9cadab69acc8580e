import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { alreadyStored, codeOf, isMissing } from './file-errors.js';

/**
 * Gives a finished file its name. A link fails where the name is taken; file systems without links get a rename.
 *
 * @throws OperatorError ALREADY_STORED
 */
export async function publish(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') throw alreadyStored(path);
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    if (await exists(path)) throw alreadyStored(path);
    return rename(partial, path);
  }
  await unlink(partial);
}

/** Without this, a power cut could still forget the name of a file whose bytes are safe. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether there is something under a path; what cannot be looked at is an error. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
