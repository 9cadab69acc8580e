import { Readable } from 'node:stream';
import type { Step } from '../../core/log.js';
import type { DatabaseFacts } from '../../core/manifest.js';
import { restoreScript } from '../../core/parallel/restore-script.js';
import { intact } from '../backup.js';
import { type DumpJob, dumpOf } from '../dump-job.js';
import { qualified } from '../postgres/relations.js';
import { selectionArguments } from '../postgres/selection.js';
import { WholeArchive } from '../postgres/whole-archive.js';
import type { StoredFiles } from '../stored-files.js';
import type { Command } from '../streams/command.js';
import { storeEverywhere } from '../streams/store.js';
import type { CopyTable } from './tables.js';

export interface RestOptions {
  /** Tables whose rows are dumped in parts. */
  readonly large: readonly CopyTable[];
  /** The database's. */
  readonly encoding: string;
  /** What the end of the last archive waits for; it fails where this does. */
  readonly until: Promise<unknown>;
  readonly step: Step;
}

/** One pg_dump after the other: they share a session's worth of the server's limits. */
export async function dumpRest(job: DumpJob, stored: StoredFiles, options: RestOptions): Promise<void> {
  await dumpSchema(job, stored, options.step);
  await dumpSmall(job, stored, options);
}

async function dumpSchema(job: DumpJob, stored: StoredFiles, step: Step): Promise<void> {
  const command = await dumpOf(job, [
    '--format=custom',
    '--section=pre-data',
    '--section=post-data',
    ...selectionArguments(job.options.selection),
  ]);
  await storeWhole(job, stored, command, { role: 'schema', step });
}

async function dumpSmall(
  job: DumpJob,
  stored: StoredFiles,
  { large, encoding, until, step }: RestOptions,
): Promise<void> {
  // pg_dump takes the names of its arguments to be in the encoding that it dumps in; a database without one has bytes.
  const dumpIn = encoding === 'SQL_ASCII' ? encoding : 'UTF8';
  const command = await dumpOf(job, [
    '--format=custom',
    '--section=data',
    `--encoding=${dumpIn}`,
    ...selectionArguments(job.options.selection),
    ...large.map((table) => `--exclude-table-data=${qualified(table)}`),
  ]);
  await storeWhole(job, stored, command, { role: 'small', step, until });
}

/** Looks through the archive on its way, which is small beside what the workers copy. */
async function storeWhole(
  { draft }: DumpJob,
  stored: StoredFiles,
  command: Command,
  { role, ...options }: { role: 'schema' | 'small'; step: Step; until?: Promise<unknown> },
): Promise<void> {
  await stored.addSeen(
    command,
    new WholeArchive(command.file),
    { key: `${draft.base}/${role}`, role, content: 'dump' },
    { expectedBytes: 0, ...options },
  );
}

/** The script that restores the backup without respaldo; the last of its files. */
export async function storeScript(
  { draft, run, encryptor }: DumpJob,
  stored: StoredFiles,
  database: DatabaseFacts,
): Promise<void> {
  const bytes = Buffer.from(restoreScript(draft.base, stored.files, database, encryptor?.method ?? 'none'));
  const key = `${draft.base}/restore.sh`;
  const { sha256, outcomes } = await storeEverywhere(Readable.from([bytes]), key, intact(draft, stored.outcomes), {
    expectedBytes: bytes.length,
    stallMilliseconds: run.settings.BACKUP_STALL_MINUTES * 60_000,
    signal: run.signal,
  });
  stored.take({ key, role: 'script', bytes: bytes.length, sha256 }, outcomes, 0);
}
