import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { backupId, backupName, folderOf, type Kind, manifestSuffix, parseObjectName } from '../core/archive-name.js';
import { messageOf, OperatorError } from '../core/errors.js';
import { type Manifest, serializeManifest } from '../core/manifest.js';
import type { Storage } from '../core/storage.js';
import { anomaliesOf } from './anomalies.js';
import type { BackupResult, StorageFailure } from './results.js';
import type { Run } from './run.js';
import type { Outcome } from './streams/store.js';

/** A backup that has a name and no manifest yet. */
export interface Draft {
  readonly id: string;
  readonly kind: Kind;
  readonly target: string;
  /** Every key of the backup begins with it: `database/db_backup_20240115_120000`. */
  readonly base: string;
  /** Of this run alone; part of the name of each part, so that no other run of the same second has the same. */
  readonly mark: string;
  readonly startedAt: Date;
  /** Those that answered. */
  readonly storages: readonly Storage[];
  /** Those that did not, where another one did. */
  readonly failures: readonly StorageFailure[];
}

/** How far behind the newest backup a clock may be and still be followed: a day. */
const clockTolerance = 86_400_000;

/**
 * Chooses the storages and the name of a new backup. The name's time is now, or a second after the newest backup where
 * the clock has jumped back, so that the newest backup always holds the newest state, and no name is used twice. A
 * storage that does not even list does not keep the others from their backup.
 *
 * @throws OperatorError the first storage's, where none answers
 */
export async function draftBackup(run: Run, kind: Kind, uploadS3: boolean): Promise<Draft> {
  run.signal.throwIfAborted();
  const listings = await Promise.all(
    storagesToWrite(run, uploadS3).map(async (storage) => ({ storage, ...(await listing(storage, kind, run)) })),
  );
  run.signal.throwIfAborted();
  const answered = listings.filter(({ error }) => error === undefined);
  if (answered.length === 0) throw listings[0]?.error;
  const target = run.settings.BACKUP_TARGET ?? '';
  const startedAt = run.now();
  const second = Math.floor(startedAt.getTime() / 1000) * 1000;
  let time = second;
  for (const taken of answered.flatMap(({ times }) => times)) {
    if (taken - second < clockTolerance) time = Math.max(time, taken + 1000);
    else run.log.warn(`there is a backup of ${new Date(taken).toISOString()}, in the future: was a clock wrong?`);
  }
  if (time - second > 60_000) {
    run.log.warn(
      `this clock is ${Math.round((time - second) / 1000)} s behind the newest backup: named after that one`,
    );
  }
  const named = new Date(time);
  return {
    id: backupId(kind, target, named),
    kind,
    target,
    base: `${folderOf(kind, target)}${backupName(kind, named)}`,
    mark: randomBytes(3).toString('hex'),
    startedAt,
    storages: answered.map(({ storage }) => storage),
    failures: listings.flatMap(({ storage, error }) => (error ? [{ storage: storage.name, error }] : [])),
  };
}

/** The times that are taken in a storage, or why it does not tell. */
async function listing(
  storage: Storage,
  kind: Kind,
  { settings }: Run,
): Promise<{ readonly times: readonly number[]; readonly error?: OperatorError }> {
  try {
    return { times: await takenTimes(storage, kind, settings.BACKUP_TARGET ?? '') };
  } catch (error) {
    if (error instanceof OperatorError) return { times: [], error };
    throw error;
  }
}

/**
 * The storages that a backup is written to, by the settings and by what the command line adds.
 *
 * @throws OperatorError SETTINGS_INVALID where S3 is asked for and no bucket is set
 */
export function storagesToWrite({ settings, storages }: Run, uploadS3: boolean): Storage[] {
  const wanted = settings.BACKUP_STORAGE;
  const chosen = storages.filter(({ type }) => wanted === 'both' || wanted === type || (type === 's3' && uploadS3));
  if (uploadS3 && !chosen.some(({ type }) => type === 's3')) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      '--upload-s3: AWS_S3_BUCKET_NAME is not set',
      'Set AWS_S3_BUCKET_NAME (and AWS_S3_REGION_NAME), or leave --upload-s3 out.',
    );
  }
  return chosen;
}

async function takenTimes(storage: Storage, kind: Kind, target: string): Promise<number[]> {
  const folder = folderOf(kind, target);
  const times = new Set<number>();
  try {
    for await (const { key } of storage.list(folder)) {
      const parsed = parseObjectName(key.slice(folder.length));
      if (parsed?.kind === kind) times.add(parsed.time.getTime());
    }
  } catch (error) {
    // A role that may write and not list is right for a backup: the storage itself refuses a name that is taken.
    if (!(error instanceof OperatorError && error.code === 'STORAGE_DENIED')) throw error;
  }
  return [...times];
}

/** The storages that have everything so far. */
export function intact(draft: Draft, outcomes: readonly Outcome[]): Storage[] {
  return draft.storages.filter((storage) => !outcomes.some((outcome) => outcome.storage === storage && outcome.error));
}

/**
 * Makes the stored files a backup by writing the manifest beside them, last, wherever all of them arrived.
 *
 * @throws the first storage's error where no storage took the manifest
 */
export async function completeBackup(
  run: Run,
  draft: Draft,
  made: Manifest,
  outcomes: readonly Outcome[],
): Promise<BackupResult> {
  const anomalies = await anomaliesOf(run, made, intact(draft, outcomes));
  for (const { text } of anomalies.slice(0, 10)) run.log.warn(`${draft.id}: ${text}`);
  const manifest = { ...made, warnings: [...made.warnings, ...anomalies.map(({ text }) => text)] };
  const bytes = serializeManifest(manifest);
  const failures = [
    ...draft.failures,
    ...outcomes.flatMap(({ storage, error }) => (error ? [{ storage: storage.name, error }] : [])),
  ];
  const storedIn: string[] = [];
  for (const storage of intact(draft, outcomes)) {
    try {
      await storage.write(`${draft.base}${manifestSuffix}`, Readable.from([bytes]), {
        expectedBytes: bytes.length,
        signal: run.signal,
      });
      storedIn.push(storage.name);
    } catch (error) {
      failures.push({ storage: storage.name, error });
    }
  }
  if (storedIn.length === 0) throw failures[0]?.error;
  for (const { storage, error } of failures)
    run.log.warn(`${draft.id} is not stored in ${storage}: ${messageOf(error)}${nextStep(error)}`);
  return { manifest, anomalies, bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0), storedIn, failures };
}

function nextStep(error: unknown): string {
  return error instanceof OperatorError ? `. ${error.hint}` : '';
}

/** A file that a storage has said to have. */
export interface Arrived {
  readonly key: string;
  readonly storage: Storage;
}

/**
 * Takes back what is provably this run's own of a backup that came to nothing: what a storage has confirmed, and parts,
 * whose names have its mark, also where they arrived without our knowing. Another run may have the same name, when it
 * began in the same second, and be at work or complete; nothing of its is touched. What stays has no manifest and counts
 * for nothing; cleanup clears it.
 */
export async function discardDraft(run: Run, draft: Draft, arrived: readonly Arrived[]): Promise<void> {
  for (const storage of draft.storages) {
    const own = new Set(arrived.filter((each) => each.storage === storage).map(({ key }) => key));
    try {
      for await (const { key } of storage.list(partsFolder(draft))) if (isOwnPart(key, draft)) own.add(key);
    } catch (error) {
      // A role that may neither list nor remove is right for a backup; what it leaves, cleanup clears.
      if (error instanceof OperatorError && error.code === 'STORAGE_DENIED') continue;
      run.log.warn(`${storage.name} cannot be searched for what is left of ${draft.id}: ${messageOf(error)}`);
    }
    for (const { key, reason } of await storage.erase([...own])) {
      run.log.warn(`${key} is left in ${storage.name} without a manifest: ${reason}`);
    }
  }
}

/** Where the parts of a parallel backup are. */
function partsFolder({ base }: Draft): string {
  return `${base}/data/`;
}

/** A second try adds to its part's key. */
function isOwnPart(key: string, { mark }: Draft): boolean {
  return key.includes(`-${mark}.`) || key.includes(`-${mark}-again-`);
}

/** The key of a part of a table, without suffix. */
export function partKey(draft: Draft, table: string, part: number): string {
  return `${partsFolder(draft)}${table}-${String(part).padStart(4, '0')}-${draft.mark}`;
}
