import type { Kind } from './archive-name.js';
import { type Backup, readCatalog } from './catalog.js';
import { messageOf } from './errors.js';
import type { Manifest } from './manifest.js';
import { readManifest } from './read-manifest.js';
import type { Storage } from './storage.js';

/** A listed backup that is not what its manifest says. */
export interface Unsound {
  readonly backup: Backup;
  readonly reason: string;
}

export interface NewestGood {
  /** All that are listed, newest first. */
  readonly listed: readonly Backup[];
  /** The two newest good backups, newest first. */
  readonly good: readonly Backup[];
  /** Newer ones that are damaged. */
  readonly unsound: readonly Unsound[];
}

/**
 * Looks for the newest good backups: those whose manifest can be read and whose files have the sizes that it says. Reads
 * a few manifests and no archive.
 */
export async function newestGood(storage: Storage, kind: Kind, target: string): Promise<NewestGood> {
  const good: Backup[] = [];
  const unsound: Unsound[] = [];
  const listed = (await readCatalog(storage, kind, target)).backups;
  for (const backup of listed) {
    if (good.length === 2) break;
    const reason = await whatIsWrong(storage, backup);
    if (reason === undefined) good.push(backup);
    else unsound.push({ backup, reason });
  }
  return { listed, good, unsound };
}

async function whatIsWrong(storage: Storage, backup: Backup): Promise<string | undefined> {
  let manifest: Manifest;
  try {
    manifest = await readManifest(storage, backup.manifestKey, backup.id);
  } catch (error) {
    return messageOf(error);
  }
  return wrongFiles(backup, manifest);
}

/** What of a backup's listed files is not as its manifest says; undefined where all are. */
export function wrongFiles(backup: Backup, manifest: Manifest): string | undefined {
  for (const file of manifest.files) {
    const stored = backup.files.find(({ key }) => key === file.key);
    if (!stored) return `${file.key} is missing`;
    if (stored.bytes !== file.bytes) return `${file.key} has ${stored.bytes} bytes, the manifest says ${file.bytes}`;
  }
  return undefined;
}
