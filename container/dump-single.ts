import { completeBackup } from './backup.js';
import { dumpHashed } from './dump-hashed.js';
import { chooseTables, type DumpJob, databaseFacts, dumpOf, leftOut, manifestOf } from './dump-job.js';
import { closeFingerprint, modeFor, type TakenFingerprint, takeFingerprint } from './fingerprint-dump.js';
import type { Relation } from './postgres/relations.js';
import { selectionArguments } from './postgres/selection.js';
import type { BackupResult } from './results.js';
import type { StoredFiles } from './stored-files.js';
import type { Command } from './streams/command.js';

/**
 * Stores what pg_dump makes of the snapshot.
 *
 * @param until must resolve before it is complete
 * @param filter what it passes through
 */
export type StoreDump = (until: Promise<unknown>, filter?: Command) => Promise<void>;

/** Dumps the snapshot into one archive, and fingerprints every table meanwhile. */
export async function dumpSingle(job: DumpJob, stored: StoredFiles): Promise<BackupResult> {
  const { run, options, draft } = job;
  const chosen = await chooseTables(job);
  const facts = await databaseFacts(job);
  run.log.info(`backing up "${facts.name}" (PostgreSQL ${job.server}) as ${draft.id}`);
  const store: StoreDump = async (until, filter) => {
    const command = await dumpOf(job, [`--format=${options.format}`, ...selectionArguments(options.selection)]);
    const content = options.format === 'plain' ? 'sql' : 'dump';
    const step = run.progress.start('dumping', facts.bytes);
    await stored.add(
      { command, filter },
      { key: draft.base, role: 'archive', content },
      { expectedBytes: facts.bytes, step, until },
    );
    step.end();
  };
  const mode = modeFor(job, facts.bytes);
  const taken = await (mode === 'off'
    ? dumpUncounted(job, chosen.withData, store)
    : dumpHashed(job, chosen.withData, mode, store));
  const uncounted = chosen.withoutData.map(({ schema, name }) => ({ schema, name }));
  const database = {
    ...facts,
    tables: [...taken.tables, ...uncounted],
    ...leftOut(job, chosen),
    ...(await closeFingerprint(job, taken)),
  };
  return completeBackup(run, draft, manifestOf(job, database, stored), stored.outcomes);
}

async function dumpUncounted(job: DumpJob, tables: readonly Relation[], store: StoreDump): Promise<TakenFingerprint> {
  const fingerprint = takeFingerprint(job, tables, 'off');
  fingerprint.catch(() => {}); // the archive waits for it and fails with it
  await store(fingerprint);
  return fingerprint;
}
