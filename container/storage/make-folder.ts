import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '../../core/errors.js';

/**
 * Makes a folder and those above it that are missing. Not by Node's own `recursive`: where a file system says of a
 * folder that is there that it is not, as /proc and the folders of an automounter do, that tries again for ever.
 *
 * @param mode of every folder that is made
 * @throws OperatorError STORAGE_FAILED there; the system's error otherwise
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const above = dirname(path);
  let refusal: unknown;
  // Others may make and clear the same folders meanwhile.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      await mkdir(path, mode);
      return;
    } catch (error) {
      if (await isFolder(path)) return;
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error;
      refusal = error;
    }
    await makeFolder(above, mode);
  }
  throw new OperatorError(
    'STORAGE_FAILED',
    `${path} cannot be made: ${above} takes no new folders`,
    'Name a folder on a disk, and see that what should be mounted is.',
    { cause: refusal },
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
