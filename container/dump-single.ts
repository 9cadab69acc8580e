import { completeBackup } from './backup.js';
import { chooseTables, type DumpJob, databaseFacts, dumpOf, manifestOf } from './dump-job.js';
import { closeFingerprint, modeFor, takeFingerprint } from './fingerprint-dump.js';
import { selectionArguments } from './postgres/selection.js';
import type { BackupResult } from './results.js';
import type { StoredFiles } from './stored-files.js';

/** Dumps the snapshot into one archive, and fingerprints every table in the same snapshot meanwhile. */
export async function dumpSingle(job: DumpJob, stored: StoredFiles): Promise<BackupResult> {
  const { run, options, draft } = job;
  const { withData, withoutData } = await chooseTables(job);
  const facts = await databaseFacts(job);
  run.log.info(`backing up "${facts.name}" (PostgreSQL ${job.server}) as ${draft.id}`);
  const fingerprint = takeFingerprint(job, withData, modeFor(job, facts.bytes));
  fingerprint.catch(() => {}); // the archive waits for it and fails with it
  const command = await dumpOf(job, [`--format=${options.format}`, ...selectionArguments(options.selection)]);
  const content = options.format === 'plain' ? 'sql' : 'dump';
  const step = run.progress.start('dumping', facts.bytes);
  await stored.add(
    { command },
    { key: draft.base, role: 'archive', content },
    { expectedBytes: facts.bytes, step, until: fingerprint },
  );
  step.end();
  const uncounted = withoutData.map(({ schema, name }) => ({ schema, name }));
  const taken = await fingerprint;
  const database = { ...facts, tables: [...taken.tables, ...uncounted], ...(await closeFingerprint(job, taken)) };
  return completeBackup(run, draft, manifestOf(job, database, stored), stored.outcomes);
}
