import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '../../core/errors.js';

/**
 * Throws where a path is not there because a link on the way leads nowhere: an unmounted disk looks like that. Such a
 * storage is not empty, it is away.
 *
 * @throws OperatorError STORAGE_FAILED naming the link
 */
export async function assertNotDangling(path: string): Promise<void> {
  const itself = await lstat(path).catch(() => undefined);
  if (!itself && dirname(path) !== path) return assertNotDangling(dirname(path));
  if (!itself?.isSymbolicLink() || (await isThere(path))) return;
  throw new OperatorError(
    'STORAGE_FAILED',
    `${path} is a link to ${await readlink(path)}, which is not there`,
    'Mount or create what it leads to, or correct BACKUP_DIR.',
  );
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'; // what else is wrong with it, is told when it is used
  }
}
