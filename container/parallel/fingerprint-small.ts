import type { FingerprintMode } from '../../core/postgres/fingerprint.js';
import type { DumpJob } from '../dump-job.js';
import { type TakenFingerprint, takeFingerprint } from '../fingerprint-dump.js';
import type { Relation } from '../postgres/relations.js';
import { hashCopied } from './hash-copied.js';
import type { CopyTable } from './tables.js';

/**
 * Looks at what is not copied in parts: the tables that are left to pg_dump, and what is no table. Rows are hashed as
 * those of large tables are, so that a table's partitions can be summed up, whatever their size.
 *
 * @param copyable every table that could be copied
 */
export async function fingerprintSmall(
  job: DumpJob,
  small: readonly Relation[],
  copyable: readonly CopyTable[],
  mode: FingerprintMode,
  encoding: string,
): Promise<TakenFingerprint> {
  if (mode !== 'full') return takeFingerprint(job, small, mode);
  const oids = new Set(small.map(({ oid }) => oid));
  const hashed = copyable.filter(({ oid }) => oids.has(oid));
  for (const { oid } of hashed) oids.delete(oid);
  // What has no columns cannot be copied.
  const { rest, tables } = await takeFingerprint(
    job,
    small.filter(({ oid }) => oids.has(oid)),
    mode,
  );
  return { rest, tables: [...tables, ...(await hashCopied(job.snapshot.client, hashed, encoding))] };
}
