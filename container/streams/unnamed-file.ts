import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A new file in the temporary folder that has no name any more, so that nothing of it is left however the program ends,
 * and nobody else can read it.
 *
 * @param purpose what its folder is called for the moment that it has a name
 */
export async function unnamedFile(purpose: string): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), `respaldo-${purpose}-`));
  try {
    return await open(join(folder, purpose), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
}
