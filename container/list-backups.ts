import { kinds } from '../core/archive-name.js';
import type { ListedBackup } from '../core/backup-table.js';
import { type Backup, readCatalog } from '../core/catalog.js';
import type { Run } from './run.js';

/** The backups of the run's target in all storages, newest first; one that is in several is one entry. */
export async function listBackups(run: Run): Promise<ListedBackup[]> {
  const target = run.settings.BACKUP_TARGET ?? '';
  const listed = new Map<string, { backup: Backup; storages: string[] }>();
  for (const storage of run.storages) {
    for (const kind of kinds) {
      const { backups, unvouched } = await readCatalog(storage, kind, target);
      for (const backup of backups) {
        const known = listed.get(backup.id);
        listed.set(
          backup.id,
          known
            ? { backup: either(known.backup, backup), storages: [...known.storages, storage.type] }
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
  return [...listed.values()]
    .map(({ backup, storages }) => ({ ...backup, storages }))
    .sort((a, b) => b.time.getTime() - a.time.getTime() || (a.kind < b.kind ? -1 : 1));
}

/** A drill of one copy speaks for both: they have the same bytes. */
function either(one: Backup, other: Backup): Backup {
  return { ...one, verified: one.verified || other.verified, drillFailed: one.drillFailed || other.drillFailed };
}
