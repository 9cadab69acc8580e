import type { Backup } from '../catalog.js';
import { OperatorError } from '../errors.js';
import type { Manifest } from '../manifest.js';
import { readManifest } from '../read-manifest.js';
import { wrongForRestore } from '../soundness.js';
import type { Storage } from '../storage.js';

/** How many older backups are looked at for one to restore instead. */
const mostTried = 5;

/**
 * Reads the manifest of a backup that somebody wants to restore. Of one that is damaged he hears at once, and which to
 * ask for instead: the task would find the same out minutes later, by mail.
 *
 * @param backups of its target, newest first
 * @throws OperatorError MANIFEST_INVALID, or the storage's
 */
export async function readSound(storage: Storage, backup: Backup, backups: readonly Backup[]): Promise<Manifest> {
  try {
    return await readWhole(storage, backup);
  } catch (error) {
    if (!isDamage(error)) throw error;
    const older = backups.filter(({ time }) => time < backup.time);
    const hint = await insteadOf(storage, older);
    throw new OperatorError('MANIFEST_INVALID', `${backup.id} is damaged: ${error.message}`, hint, { cause: error });
  }
}

async function insteadOf(storage: Storage, older: readonly Backup[]): Promise<string> {
  for (const each of older.slice(0, mostTried)) {
    try {
      await readWhole(storage, each);
      return `Send { "backup": "${each.id}" }: it is the newest before it that looks whole.`;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }
  return 'None before it looks whole. Send {} for the list; old versions of what was overwritten may be in the bucket.';
}

async function readWhole(storage: Storage, { manifestKey, id, files }: Backup): Promise<Manifest> {
  const manifest = await readManifest(storage, manifestKey, id);
  const damage = wrongForRestore(files, manifest.files);
  if (damage === undefined) return manifest;
  throw new OperatorError('MANIFEST_INVALID', damage, 'Use another backup.');
}

function isDamage(error: unknown): error is OperatorError {
  return error instanceof OperatorError && error.code === 'MANIFEST_INVALID';
}
