import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import {
  folderOf,
  isBesideArchive,
  type Kind,
  manifestSuffix,
  parseBackupId,
  parseObjectName,
  type Wrapping,
  wrappingOf,
} from '../core/archive-name.js';
import { type Backup, readCatalog } from '../core/catalog.js';
import { OperatorError } from '../core/errors.js';
import type { Manifest, ManifestFile } from '../core/manifest.js';
import { readManifest } from '../core/read-manifest.js';
import { parseS3Url, type S3Location } from '../core/s3-url.js';
import { wrongForRestore } from '../core/soundness.js';
import type { Storage, StoredObject } from '../core/storage.js';
import { askStorages } from './ask-storages.js';
import type { Run } from './run.js';
import { LocalStorage } from './storage/local-storage.js';

/** An archive that can be restored, and what is known about it. */
export interface FoundArchive {
  /** For messages: the backup's id, or the file that was named. */
  readonly id: string;
  readonly storage: Storage;
  readonly kind: Kind;
  readonly wrapping: Wrapping;
  /** The archive; of a parallel backup, its folder and the bytes of all files together. */
  readonly archive: { readonly key: string; readonly bytes: number; readonly sha256: string | undefined };
  /** All its files, by the keys that they have in `storage`. Empty where there is no manifest. */
  readonly files: readonly ManifestFile[];
  /** What of those that a restore reads is not there as the manifest says, by the storage's listing; undefined where all are. */
  readonly damage: string | undefined;
  /** Undefined for an archive of another program, or one whose manifest is not beside it: nothing vouches for its bytes. */
  readonly manifest: Manifest | undefined;
}

type NamedBackup = NonNullable<ReturnType<typeof parseBackupId>>;

/** Opens a bucket and prefix that is not the configured one. */
export type OpenBucket = (location: S3Location) => Promise<Storage>;

/**
 * The newest backup of a kind in any storage.
 *
 * @throws OperatorError NO_SUCH_BACKUP; or the error of a storage that does not answer, because it may hold a newer one
 */
export async function findLatest(run: Run, kind: Kind): Promise<FoundArchive> {
  const target = run.settings.BACKUP_TARGET ?? '';
  let newest: { backup: Backup; storage: Storage } | undefined;
  let silent: OperatorError | undefined;
  for (const storage of run.storages) {
    try {
      const backup = (await readCatalog(storage, kind, target)).backups[0];
      if (backup && (!newest || backup.time > newest.backup.time)) newest = { backup, storage };
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      silent = error;
    }
  }
  if (silent) throw newest ? butElsewhere(silent, newest.storage, newest.backup) : silent;
  if (newest) return fromBackup(newest.storage, newest.backup);
  throw new OperatorError(
    'NO_SUCH_BACKUP',
    `there is no ${kind} backup${target === '' ? '' : ` of target ${target}`} in ${run.storages.map(({ name }) => name).join(' or ')}`,
    `Take one: respaldo backup --${kind}. If there should be some, check BACKUP_DIR, AWS_S3_BUCKET_NAME and BACKUP_TARGET.`,
  );
}

/** Which backup is the newest cannot be told, so the person decides. */
function butElsewhere(error: OperatorError, storage: Storage, { id }: Backup): OperatorError {
  return new OperatorError(
    error.code,
    error.message,
    `It may hold a newer backup. ${storage.name} answers, and its newest is ${id}: respaldo restore ${id}. ${error.hint}`,
    { cause: error },
  );
}

/**
 * What a person named: an `s3://` URL, a file, a backup's id, or an archive's name as the list shows it.
 *
 * @throws OperatorError NO_SUCH_BACKUP or MANIFEST_INVALID
 */
export async function findArchive(run: Run, reference: string, openBucket: OpenBucket): Promise<FoundArchive> {
  if (reference.startsWith('s3://')) return findByUrl(reference, openBucket);
  if (await exists(reference)) return findByPath(resolve(reference));
  const parsed = parseBackupId(reference, run.settings.BACKUP_TARGET ?? '');
  if (parsed) {
    let found: FoundArchive | undefined;
    const silent = await askStorages(run, async (storage) => {
      found ??= await findById(storage, parsed);
    });
    if (found) {
      for (const { error } of silent) run.log.warn(`${error.message}; ${found.storage.name} has ${found.id}, too`);
      return found;
    }
    if (silent[0]) throw silent[0].error; // it may be there
  } else {
    for (const storage of run.storages.filter(({ type }) => type === 'local')) {
      for (const path of [
        `${storage.name}/${reference}`,
        `${storage.name}/database/${reference}`,
        `${storage.name}/media/${reference}`,
      ]) {
        if (await exists(path)) return findByPath(resolve(path));
      }
    }
  }
  throw await notFound(run, reference);
}

/** What was named and is none, with what may have been meant. */
async function notFound(run: Run, reference: string): Promise<OperatorError> {
  const where = run.storages.map(({ name }) => name).join(' or ');
  const listing = 'List what there is: respaldo list.';
  if (await isFolder(reference)) {
    const shown = resolve(reference);
    return new OperatorError(
      'NO_SUCH_BACKUP',
      `${shown} is a folder, and no backup`,
      `Name a file in it, or a backup’s id: BACKUP_DIR=${shown} respaldo list shows them.`,
    );
  }
  return new OperatorError(
    'NO_SUCH_BACKUP',
    `there is no backup "${reference}" in ${where}, and no file of that name`,
    reference === 'latest'
      ? 'The newest one is named by an option: --latest.'
      : /^\d{4}-?\d{2}-?\d{2}/.test(reference)
        ? `A backup is named by its id, as db_backup_20240115_120000, not by a date alone. ${listing}`
        : listing,
  );
}

async function findById(
  storage: Storage,
  { kind, target, name, time }: NamedBackup,
): Promise<FoundArchive | undefined> {
  const { backups, unvouched } = await readCatalog(storage, kind, target);
  const backup = backups.find((each) => each.time.getTime() === time.getTime());
  if (backup) return fromBackup(storage, backup);
  const damaged = unvouched.find(({ key }) => key === `${folderOf(kind, target)}${name}${manifestSuffix}`);
  if (damaged) await readManifest(storage, damaged.key);
  const file = unvouched.find(({ key }) => wrappingOf(key) && key.includes(`/${name}.`) && !isBesideArchive(key));
  return file && unvouchedArchive(storage, file.key, file.bytes);
}

async function fromBackup(storage: Storage, backup: Backup): Promise<FoundArchive> {
  const manifest = await readManifest(storage, backup.manifestKey, backup.id);
  const found = vouchedArchive(storage, backup.manifestKey, manifest, backup.id, (file) => file.key);
  return { ...found, damage: wrongForRestore(backup.files, found.files) };
}

/** A file beside its manifest is as good as in a storage; alone it is restored unvouched. */
async function findByPath(path: string): Promise<FoundArchive> {
  return findInFolder(new LocalStorage(dirname(path)), basename(path), path);
}

async function findByUrl(reference: string, openBucket: OpenBucket): Promise<FoundArchive> {
  const { bucket, key } = parseS3Url(reference);
  const cut = key.lastIndexOf('/') + 1;
  return findInFolder(await openBucket({ bucket, key: key.slice(0, cut) }), key.slice(cut), reference);
}

async function findInFolder(folder: Storage, name: string, shown: string): Promise<FoundArchive> {
  if (name === '') {
    throw new OperatorError(
      'NO_SUCH_BACKUP',
      `${shown} names no backup`,
      'Name one in it, as s3://bucket/backups/database/db_backup_20240115_120000.sql.gz; with AWS_S3_BUCKET_NAME set, respaldo list shows them.',
    );
  }
  const parsed = parseObjectName(name);
  let file: { key: string; bytes: number } | undefined;
  let manifestKey: string | undefined;
  const listed: StoredObject[] = [];
  for await (const object of folder.list(parsed ? parsed.name : name)) {
    listed.push(object);
    if (object.key === name) file = object;
    if (parsed && object.key === `${parsed.name}${manifestSuffix}`) manifestKey = object.key;
  }
  const isFolder = parsed?.rest === '';
  if (!(isFolder ? manifestKey : file)) {
    throw new OperatorError('NO_SUCH_BACKUP', `there is no ${shown}`, 'List what there is: respaldo list.');
  }
  if (!manifestKey) return unvouchedArchive(folder, name, file?.bytes ?? 0);
  const manifest = await readManifest(folder, manifestKey);
  // Its keys begin at the root of the storage that it was made in; here everything stands beside the manifest.
  const above = folderOf(manifest.kind, manifest.target).length;
  const found = vouchedArchive(folder, manifestKey, manifest, manifest.id, (each) => each.key.slice(above));
  return { ...found, damage: wrongForRestore(listed, found.files) };
}

function vouchedArchive(
  storage: Storage,
  manifestKey: string,
  manifest: Manifest,
  id: string,
  keyOf: (file: { readonly key: string }) => string,
): Omit<FoundArchive, 'damage'> {
  const name = basename(manifestKey, manifestSuffix);
  const base = `${folderOf(manifest.kind, manifest.target)}${name}`;
  const archive = archiveOf(manifest, base);
  const strange = manifest.files.some(({ key }) => !key.startsWith(`${base}.`) && !key.startsWith(`${base}/`));
  if (!archive || manifest.id !== id || basename(manifest.id) !== name || strange) {
    throw new OperatorError(
      'MANIFEST_INVALID',
      `manifest ${manifestKey} is of another backup: ${manifest.id}`,
      'Somebody copied or renamed it. Use another backup (respaldo list), or give each file its own name again.',
    );
  }
  return {
    id,
    storage,
    kind: manifest.kind,
    wrapping: archive.wrapping,
    archive: { key: keyOf(archive.file), bytes: archive.file.bytes, sha256: archive.file.sha256 },
    files: manifest.files.map((file) => ({ ...file, key: keyOf(file) })),
    manifest,
  };
}

/** What stands for the backup as a whole, and how it is wrapped. */
function archiveOf({ format, files, encryption }: Manifest, base: string) {
  if (format === 'parallel') {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const wrapping: Wrapping = { content: 'dump', compression: 'zstd', encryption: encryption.method };
    return { file: { key: `${base}/`, bytes, sha256: undefined }, wrapping };
  }
  const file = files.find(({ role }) => role === 'archive');
  const wrapping = file && wrappingOf(file.key);
  return file && wrapping && { file, wrapping };
}

function unvouchedArchive(storage: Storage, key: string, bytes: number): FoundArchive {
  const wrapping = wrappingOf(key);
  if (!wrapping) {
    throw new OperatorError(
      'USAGE',
      `what is in ${key} cannot be told from its name`,
      'Its name must end in .sql, .dump or .tar, then .gz or .zst, then .age or .gpg, each where it applies.',
    );
  }
  const kind = wrapping.content === 'tar' ? 'media' : 'database';
  return {
    id: basename(key),
    storage,
    kind,
    wrapping,
    archive: { key, bytes, sha256: undefined },
    files: [],
    damage: undefined,
    manifest: undefined,
  };
}

/** @throws OperatorError ARCHIVE_CORRUPT where its storage lists something else than its manifest */
export function assertListedWhole({ id, damage }: FoundArchive): void {
  if (damage === undefined) return;
  throw new OperatorError(
    'ARCHIVE_CORRUPT',
    `${id} is damaged: ${damage}`,
    'Nothing was begun. Use another backup (respaldo list), or this one’s copy in another storage.',
  );
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false, // then it is no path
  );
}

/** Whether a path is of an archive: a file, or the folder of a parallel backup. */
async function exists(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return found.isFile() || (found.isDirectory() && parseObjectName(basename(path))?.rest === '');
  } catch {
    return false; // then it is not a path that somebody meant
  }
}
