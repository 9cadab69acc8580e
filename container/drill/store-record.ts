import { Readable } from 'node:stream';
import { drillRecordOf, folderOf, recordSuffix, verificationSuffix } from '../../core/archive-name.js';
import { newRecordSuffix } from '../../core/drill/drill-records.js';
import { serializeVerification, type Verification } from '../../core/drill/verification.js';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { Manifest } from '../../core/manifest.js';
import type { Storage, StoredObject } from '../../core/storage.js';
import type { FoundArchive } from '../find-archive.js';
import type { Run } from '../run.js';

/**
 * Puts the record of a drill beside the backup, and beside those of earlier ones. One that cannot be stored does not
 * change what the drill found: it is a warning.
 */
export async function storeRecord(
  run: Run,
  { id, storage }: FoundArchive,
  manifest: Manifest,
  verification: Verification,
): Promise<void> {
  const { passed, startedAt } = verification;
  const folder = folderOf(manifest.kind, manifest.target);
  const base = `${folder}${id.slice(id.lastIndexOf('/') + 1)}`;
  const bytes = serializeVerification(verification);
  const write = (suffix: string) =>
    storage.write(`${base}${suffix}`, Readable.from([bytes]), { expectedBytes: bytes.length, signal: run.signal });
  try {
    const records = await recordsOf(storage, base);
    const suffix = newRecordSuffix(passed, new Date(startedAt), records);
    await write(suffix).catch(async (error) => {
      // Another drill was first, or they cannot be listed.
      if (suffix !== verificationSuffix || !isTaken(error)) throw error;
      await write(recordSuffix(passed, new Date(startedAt)));
    });
  } catch (error) {
    if (isTaken(error)) run.log.info(`another drill of ${id} has noted the same in this second; that record stays`);
    else run.log.warn(`the result of the drill of ${id} is not stored in ${storage.name}: ${messageOf(error)}`);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof OperatorError && error.code === 'ALREADY_STORED';
}

/** What earlier drills have left; none where a role may not list. */
async function recordsOf(storage: Storage, base: string): Promise<StoredObject[]> {
  const records: StoredObject[] = [];
  try {
    for await (const object of storage.list(`${base}.`)) {
      if (drillRecordOf(object.key.slice(base.length))) records.push(object);
    }
  } catch (error) {
    if (!(error instanceof OperatorError && error.code === 'STORAGE_DENIED')) throw error;
  }
  return records;
}
