import { folderOf, type Kind, kinds, manifestSuffix, parseBackupId } from '../core/archive-name.js';
import { catalogOf, readCatalog } from '../core/catalog.js';
import { OperatorError } from '../core/errors.js';
import type { RemovedObject, Storage, StoredObject } from '../core/storage.js';
import { askStorages, type Silent } from './ask-storages.js';
import type { Run } from './run.js';

/** A backup that was removed and can be brought back. */
export interface RemovedBackup {
  readonly id: string;
  readonly kind: Kind;
  readonly time: Date;
  readonly bytes: number;
  readonly removedAt: Date;
  readonly storage: Storage;
  readonly objects: readonly RemovedObject[];
}

/** What the storages that answered have kept of what was removed. */
export interface Removed {
  /** Newest first. Only those that would be whole again. */
  readonly backups: readonly RemovedBackup[];
  readonly silent: readonly Silent[];
}

/** The removed backups of the run's target in all storages that answer. */
export async function removedBackups(run: Run, target = run.settings.BACKUP_TARGET ?? ''): Promise<Removed> {
  const backups: RemovedBackup[] = [];
  const silent = await askStorages(run, async (storage) => {
    for (const kind of kinds) backups.push(...(await removedOf(storage, kind, target)));
  });
  return { backups: backups.sort((a, b) => b.time.getTime() - a.time.getTime()), silent };
}

async function removedOf(storage: Storage, kind: Kind, target: string): Promise<RemovedBackup[]> {
  const newest = new Map<string, RemovedObject>();
  for await (const object of storage.listRemoved(folderOf(kind, target))) {
    const known = newest.get(object.key);
    if (!known || known.removedAt < object.removedAt) newest.set(object.key, object);
  }
  if (newest.size === 0) return [];
  const present: StoredObject[] = [];
  for await (const object of storage.list(folderOf(kind, target))) present.push(object);
  const taken = new Set(present.map(({ key }) => key));
  const removed = [...newest.values()].filter(({ key }) => !taken.has(key));
  const listed = new Set(catalogOf(present, kind, target).backups.map(({ id }) => id));
  // What an interrupted undelete has brought back already counts, too.
  const { backups } = catalogOf([...present, ...removed], kind, target);
  return backups.flatMap((backup) => {
    if (listed.has(backup.id)) return [];
    const keys = new Set([...backup.files, ...backup.records].map(({ key }) => key).concat(backup.manifestKey));
    const objects = removed.filter(({ key }) => keys.has(key));
    const removedAt = new Date(Math.max(...objects.map((each) => each.removedAt.getTime())));
    return [{ id: backup.id, kind, time: backup.time, bytes: backup.bytes, removedAt, storage, objects }];
  });
}

/** Where a backup is again. */
export interface BroughtBack {
  readonly storages: readonly string[];
  /** May have it too, and were not asked to bring it back. */
  readonly silent: readonly Silent[];
}

/**
 * Brings a removed backup back, its manifest last, in every storage that answers and still has it.
 *
 * @throws OperatorError NO_SUCH_BACKUP, USAGE for one that was not removed, or the storage's own
 */
export async function undelete(run: Run, id: string): Promise<BroughtBack> {
  const parsed = parseBackupId(id, run.settings.BACKUP_TARGET ?? '');
  const { backups, silent } = parsed ? await removedBackups(run, parsed.target) : { backups: [], silent: [] };
  const removed = backups.filter(({ kind, time }) => kind === parsed?.kind && time.getTime() === parsed.time.getTime());
  if (silent[0] && removed.length === 0) throw silent[0].error; // it may be there
  if (parsed && removed.length === 0) await assertRemoved(run, id, parsed.kind, parsed.target, parsed.time);
  if (removed.length === 0) {
    throw new OperatorError(
      'NO_SUCH_BACKUP',
      `"${id}" cannot be brought back: nothing of it is kept in ${run.storages.map(({ name }) => name).join(' or ')}`,
      'List what can be: respaldo undelete --list. A bucket keeps it only if it is versioned, a folder for BACKUP_UNDO_DAYS.',
    );
  }
  for (const { storage, objects } of removed) {
    const isManifest = ({ key }: RemovedObject) => key.endsWith(manifestSuffix);
    for (const object of objects.filter((each) => !isManifest(each))) await storage.bringBack(object);
    for (const object of objects.filter(isManifest)) await storage.bringBack(object);
  }
  return { storages: removed.map(({ storage }) => storage.name), silent };
}

async function assertRemoved(run: Run, id: string, kind: Kind, target: string, time: Date): Promise<void> {
  for (const storage of run.storages) {
    const { backups } = await readCatalog(storage, kind, target);
    if (!backups.some((backup) => backup.time.getTime() === time.getTime())) continue;
    throw new OperatorError(
      'USAGE',
      `${id} is in ${storage.name}: it was not removed`,
      `It can be restored as it is: respaldo restore ${id}.`,
    );
  }
}
