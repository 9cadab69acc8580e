import { existsSync } from 'node:fs';
import { kinds } from '../core/archive-name.js';
import type { ListedBackup } from '../core/backup-table.js';
import { type Backup, readCatalog } from '../core/catalog.js';
import { drillStateOfCopies } from '../core/drill/drill-records.js';
import type { Storage } from '../core/storage.js';
import { askStorages, type Silent } from './ask-storages.js';
import type { Run } from './run.js';

/** What the storages that answered hold. */
export interface Listing {
  /** Newest first; one that is in several storages is one entry. */
  readonly backups: readonly ListedBackup[];
  /** Of the storages that did not answer. At least one did. */
  readonly silent: readonly Silent[];
}

/**
 * The backups of the run's target in all storages. One that does not answer does not hide what the others have.
 *
 * @throws OperatorError the first storage's, where none answers
 */
export async function listBackups(run: Run): Promise<Listing> {
  const listed = new Map<string, { backup: Backup; storages: string[] }>();
  const silent = await askStorages(run, (storage) => listStorage(run, storage, listed));
  const backups = [...listed.values()]
    .map(({ backup, storages }) => ({ ...backup, storages }))
    .sort((a, b) => b.time.getTime() - a.time.getTime() || (a.kind < b.kind ? -1 : 1));
  return { backups, silent };
}

async function listStorage(
  run: Run,
  storage: Storage,
  listed: Map<string, { backup: Backup; storages: string[] }>,
): Promise<void> {
  const target = run.settings.BACKUP_TARGET ?? '';
  const catalogs = await Promise.all(kinds.map((kind) => readCatalog(storage, kind, target)));
  if (storage.type === 'local' && !existsSync(storage.name))
    run.log.warn(`${storage.name} is not there: the first backup makes it, or BACKUP_DIR is to be corrected`);
  for (const { backups, unvouched } of catalogs) {
    for (const backup of backups) {
      const known = listed.get(backup.id);
      listed.set(
        backup.id,
        known
          ? {
              backup: { ...known.backup, ...drillStateOfCopies([known.backup, backup]) },
              storages: [...known.storages, storage.type],
            }
          : { backup, storages: [storage.type] },
      );
    }
    if (unvouched.length > 0) {
      const named = unvouched.slice(0, 3).map(({ key }) => key);
      const more = unvouched.length > 3 ? ', …' : '';
      run.log.warn(
        `${storage.name}: ${unvouched.length} files have no whole manifest and are not listed: ${named.join(', ')}${more}`,
      );
    }
  }
}
