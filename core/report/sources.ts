import pMap from 'p-map';
import { folderOf, type Kind, kinds, targetPattern } from '../archive-name.js';
import { type Backup, type Catalog, catalogOf } from '../catalog.js';
import { readNewestDrill, type Verification } from '../drill/verification.js';
import type { OperatorError } from '../errors.js';
import type { Manifest } from '../manifest.js';
import { lookAt, mostUnread } from '../soundness.js';
import type { Storage, StoredObject } from '../storage.js';
import type { FailedRun } from './failures.js';

export interface TargetKey {
  readonly kind: Kind;
  readonly target: string;
}

/** What one storage tells of one target. */
export interface TargetSource extends TargetKey {
  readonly storage: string;
  readonly catalog: Catalog;
  /** Runs that are known to have failed, from elsewhere than the listing. */
  readonly failures?: readonly FailedRun[];
  /** By backup id, of those whose records were read; see {@link sample}. */
  readonly facts: ReadonlyMap<string, Facts>;
}

/** What the records beside a backup say. */
export interface Facts {
  readonly manifest?: Manifest;
  /** The newest drill's, passed or failed. */
  readonly drill?: Verification;
  /** Why it cannot be trusted. */
  readonly damage?: string;
  /** Why its manifest was not had, which tells nothing of the backup. */
  readonly unread?: OperatorError;
}

/** The bytes that one storage holds in one class. */
export interface ClassUse {
  readonly storage: string;
  /** S3's name for it; `local` for a directory. */
  readonly storageClass: string;
  readonly objects: number;
  readonly bytes: number;
}

/** One that did not answer. */
export interface SilentStorage {
  readonly storage: string;
  readonly reason: string;
  readonly hint: string;
}

export interface Sources {
  readonly targets: readonly TargetSource[];
  readonly classes: readonly ClassUse[];
}

/** Records read at once: enough to hide S3's latency, few enough for any server. */
const concurrency = 16;
const newest = 30;
const older = 90;

/**
 * Reads what a report is made from: one listing, and for each target the records of at most 120 backups and of its
 * newest drills. So its time grows with the listing alone.
 *
 * @param wanted the targets to look at; undefined: all that the storage holds
 * @throws the storage's error where it does not even list
 */
export async function gather(storage: Storage, wanted: readonly TargetKey[] | undefined): Promise<Sources> {
  const folders = new Map<string, StoredObject[]>();
  const classes = new Map<string, { objects: number; bytes: number }>();
  for (const prefix of wanted?.map(({ kind, target }) => folderOf(kind, target)) ?? ['']) {
    for await (const object of storage.list(prefix)) {
      const folder = targetFolder(object.key);
      if (folder === undefined) continue; // of somebody else
      const objects = folders.get(folder);
      if (objects) objects.push(object);
      else folders.set(folder, [object]);
      const name = object.storageClass ?? (storage.type === 'local' ? 'local' : 'STANDARD');
      const use = classes.get(name) ?? { objects: 0, bytes: 0 };
      classes.set(name, { objects: use.objects + 1, bytes: use.bytes + object.bytes });
    }
  }
  const targets: TargetSource[] = [];
  for (const { kind, target } of wanted ?? [...folders.keys()].flatMap((folder) => targetOf(folder) ?? [])) {
    const catalog = catalogOf(folders.get(folderOf(kind, target)) ?? [], kind, target);
    targets.push({ storage: storage.name, kind, target, catalog, facts: await readFacts(storage, catalog.backups) });
  }
  return {
    targets,
    classes: [...classes].map(([storageClass, use]) => ({ storage: storage.name, storageClass, ...use })),
  };
}

/** The folder of the target that a key is of: `database/`, `crm/media/`. */
function targetFolder(key: string): string | undefined {
  const folder = /^(?:(?!database\/|media\/)[^/]+\/)?(?:database|media)\//.exec(key)?.[0];
  return folder !== undefined && targetOf(folder) ? folder : undefined;
}

function targetOf(key: string): TargetKey | undefined {
  const [first = '', second = '', ...rest] = key.split('/');
  const isKind = (word: string): word is Kind => kinds.some((kind) => kind === word);
  if (isKind(first)) return { kind: first, target: '' };
  return isKind(second) && rest.length > 0 && targetPattern.test(first) ? { kind: second, target: first } : undefined;
}

/** The newest thirty, and ninety more evenly out of the others of the last 366 days. */
function sample(backups: readonly Backup[]): readonly Backup[] {
  const [latest] = backups;
  if (!latest) return [];
  const first = latest.time.getTime() - 366 * 86_400_000;
  const others = backups.slice(newest).filter(({ time }) => time.getTime() >= first);
  const step = Math.max(1, others.length / older);
  const spread = Array.from({ length: Math.min(older, others.length) }, (_, index) => others[Math.floor(index * step)]);
  return [...backups.slice(0, newest), ...spread.flatMap((backup) => backup ?? [])];
}

async function readFacts(storage: Storage, backups: readonly Backup[]): Promise<Map<string, Facts>> {
  const sampled = new Set(sample(backups));
  const drilled = new Set(backups.filter(({ records }) => records.length > 0).slice(0, newest));
  const facts = new Map<string, Facts>();
  let unread = 0;
  await pMap(
    new Set([...sampled, ...drilled]),
    async (backup) => {
      if (unread >= mostUnread) return; // a storage that gives nothing would be asked for minutes
      const manifest = await lookAt(storage, backup);
      if (manifest.unread) unread += 1;
      facts.set(backup.id, { ...manifest, ...(drilled.has(backup) ? await readDrill(storage, backup) : {}) });
    },
    { concurrency },
  );
  return facts;
}

async function readDrill(storage: Storage, backup: Backup): Promise<Facts> {
  try {
    const drill = await readNewestDrill(storage, backup);
    return drill ? { drill } : {};
  } catch {
    return {}; // the listing has said whether it passed; only its times are missing then
  }
}
