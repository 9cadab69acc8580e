import type { Kind } from './archive-name.js';
import { type Backup, readCatalog } from './catalog.js';
import { isUnread, OperatorError } from './errors.js';
import type { Manifest, ManifestFile } from './manifest.js';
import { readManifest } from './read-manifest.js';
import type { Storage, StoredObject } from './storage.js';

/** A listed backup that is not what its manifest says. */
export interface Unsound {
  readonly backup: Backup;
  readonly reason: string;
}

/** A listed backup whose manifest the storage did not give: it may be well. */
export interface Unread {
  readonly backup: Backup;
  readonly error: OperatorError;
}

export interface NewestGood {
  /** All that are listed, newest first. */
  readonly listed: readonly Backup[];
  /** The two newest good backups, newest first. */
  readonly good: readonly Backup[];
  /** Newer ones that are damaged. */
  readonly unsound: readonly Unsound[];
  /** Newer ones of which nothing is known. */
  readonly unread: readonly Unread[];
}

/** After so many that could not be read, the storage is the matter, and every further try may take its minutes. */
export const mostUnread = 3;

/**
 * Looks for the newest good backups: those whose manifest can be read and whose files have the sizes that it says. Reads
 * a few manifests and no archive.
 */
export async function newestGood(storage: Storage, kind: Kind, target: string): Promise<NewestGood> {
  const good: Backup[] = [];
  const unsound: Unsound[] = [];
  const unread: Unread[] = [];
  const listed = (await readCatalog(storage, kind, target)).backups;
  for (const backup of listed) {
    if (good.length === 2 || unread.length === mostUnread) break;
    const found = await lookAt(storage, backup);
    if (found.unread) unread.push({ backup, error: found.unread });
    else if (found.damage !== undefined) unsound.push({ backup, reason: found.damage });
    else good.push(backup);
  }
  return { listed, good, unsound, unread };
}

/** What a backup's manifest tells, as far as it can be read. */
export interface Looked {
  readonly manifest?: Manifest;
  /** Why it cannot be trusted. */
  readonly damage?: string;
  /** Why nothing can be told. */
  readonly unread?: OperatorError;
}

/** Reads one manifest, and compares with it what is listed. */
export async function lookAt(storage: Storage, backup: Backup): Promise<Looked> {
  try {
    const manifest = await readManifest(storage, backup.manifestKey, backup.id);
    const damage = wrongFile(backup.files, manifest.files);
    return { manifest, ...(damage === undefined ? {} : { damage }) };
  } catch (error) {
    if (isUnread(error)) return { unread: error };
    if (!(error instanceof OperatorError)) throw error;
    return { damage: error.message };
  }
}

/** What is not listed as a manifest says; undefined where all of its files are. */
function wrongFile(
  listed: readonly Pick<StoredObject, 'key' | 'bytes'>[],
  files: readonly Pick<ManifestFile, 'key' | 'bytes'>[],
): string | undefined {
  const sizes = new Map(listed.map(({ key, bytes }) => [key, bytes]));
  for (const { key, bytes } of files) {
    const stored = sizes.get(key);
    if (stored === undefined) return `${key} is missing`;
    if (stored !== bytes) return `${key} has ${stored} bytes, the manifest says ${bytes}`;
  }
  return undefined;
}

/** The same, of what a restore reads: it can do without the others. */
export function wrongForRestore(
  listed: readonly Pick<StoredObject, 'key' | 'bytes'>[],
  files: readonly ManifestFile[],
): string | undefined {
  return wrongFile(
    listed,
    files.filter(({ role }) => role !== 'globals' && role !== 'listing' && role !== 'script'),
  );
}
