import { backupId, drillRecordOf, folderOf, type Kind, manifestSuffix, parseObjectName } from './archive-name.js';
import { type DrillState, drillStateOf } from './drill/drill-records.js';
import { manifestPadding } from './manifest.js';
import type { Storage, StoredObject } from './storage.js';

/** One complete backup, as a listing alone shows it. */
export interface Backup extends DrillState {
  readonly id: string;
  readonly kind: Kind;
  readonly target: string;
  /** The time in its name. */
  readonly time: Date;
  /** Everything that was backed up: the archive, its parts, the globals. Without manifest and verification. */
  readonly files: readonly StoredObject[];
  readonly bytes: number;
  readonly manifestKey: string;
  /** What drills have written about it. */
  readonly records: readonly StoredObject[];
}

export interface Catalog {
  /** Newest first. */
  readonly backups: readonly Backup[];
  /** Named like a backup, but without a whole manifest: of an interrupted run, damaged, or made by another program. */
  readonly unvouched: readonly StoredObject[];
  /** Not named like a backup at all. Nobody's business here; never touched. */
  readonly unknown: readonly StoredObject[];
}

/** Lists a target's backups of one kind. Reads no object. */
export async function readCatalog(storage: Storage, kind: Kind, target: string): Promise<Catalog> {
  const objects: StoredObject[] = [];
  for await (const object of storage.list(folderOf(kind, target))) objects.push(object);
  return catalogOf(objects, kind, target);
}

/** Groups a listing into backups. Objects of another kind or target in it count as unknown. */
export function catalogOf(objects: readonly StoredObject[], kind: Kind, target: string): Catalog {
  const folder = folderOf(kind, target);
  const unknown: StoredObject[] = [];
  const groups = new Map<string, Group>();
  for (const object of objects) {
    const parsed = object.key.startsWith(folder) ? parseObjectName(object.key.slice(folder.length)) : undefined;
    if (parsed?.kind !== kind || parsed.rest === '') {
      unknown.push(object);
      continue;
    }
    const group = groups.get(parsed.name) ?? { name: parsed.name, time: parsed.time, files: [], records: [] };
    groups.set(parsed.name, group);
    if (parsed.rest === manifestSuffix) group.manifest = object;
    else if (drillRecordOf(parsed.rest)) group.records.push(object);
    else group.files.push(object);
  }
  const backups: Backup[] = [];
  const unvouched: StoredObject[] = [];
  for (const { name, time, files, manifest, records } of groups.values()) {
    if (manifest && isWhole(manifest) && files.length > 0) {
      backups.push({
        id: backupId(kind, target, time),
        kind,
        target,
        time,
        files,
        bytes: files.reduce((sum, file) => sum + file.bytes, 0),
        manifestKey: `${folder}${name}${manifestSuffix}`,
        records,
        ...drillStateOf(records),
      });
    } else {
      unvouched.push(...files, ...(manifest ? [manifest] : []), ...records);
    }
  }
  return { backups: backups.sort((a, b) => b.time.getTime() - a.time.getTime()), unvouched, unknown };
}

/** The newest backup that a drill has judged: what was found holds until a newer one is drilled. */
export function newestDrilled(backups: readonly Backup[]): Backup | undefined {
  return backups.find(({ verified, drillFailed }) => verified || drillFailed);
}

interface Group {
  readonly name: string;
  readonly time: Date;
  readonly files: StoredObject[];
  readonly records: StoredObject[];
  manifest?: StoredObject;
}

/** A manifest is written padded, so a listing alone shows one that was cut short. */
function isWhole(manifest: StoredObject): boolean {
  return manifest.bytes > 0 && manifest.bytes % manifestPadding === 0;
}
