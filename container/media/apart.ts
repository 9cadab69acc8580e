import { realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { folderOf, kinds } from '../../core/archive-name.js';
import { OperatorError } from '../../core/errors.js';
import type { Run } from '../run.js';

/**
 * Media files that lie where backups are stored would be backed up with every backup of them before. A storage within
 * the media files is no trouble: it is left out.
 *
 * @throws OperatorError SETTINGS_INVALID
 */
export async function assertApart(root: string, { storages, settings }: Run): Promise<void> {
  const media = await real(root);
  for (const { name } of storages.filter(({ type }) => type === 'local')) {
    const storage = await real(name);
    const target = settings.BACKUP_TARGET ?? '';
    const own = await Promise.all(kinds.map((kind) => real(join(storage, folderOf(kind, target)))));
    if (media !== storage && !own.some((folder) => isWithin(media, folder) || isWithin(folder, media))) continue;
    if (media !== storage && isWithin(storage, media)) continue;
    throw new OperatorError(
      'SETTINGS_INVALID',
      `MEDIA_ROOT ${root} is a folder of the backups in ${name}`,
      'Keep backups elsewhere: set BACKUP_DIR to another folder, outside of the media files or below them.',
    );
  }
}

/** Whether a path is the other one, or below it. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith('../'));
}

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path)); // it will be made
}
