import { type BackupResult, completeBackup } from './backup.js';
import { chooseTables, type DumpJob, databaseFacts, dumpOf, manifestOf, type StoredFiles } from './dump-job.js';
import { countRows } from './postgres/relations.js';
import { selectionArguments } from './postgres/selection.js';

/** Dumps the snapshot into one archive, and counts every table's rows in the same snapshot meanwhile. */
export async function dumpSingle(job: DumpJob, stored: StoredFiles): Promise<BackupResult> {
  const { run, options, draft, snapshot } = job;
  const { withData, withoutData } = await chooseTables(job);
  const facts = await databaseFacts(job);
  run.log.info(`backing up "${facts.name}" (PostgreSQL ${job.server}) as ${draft.id}`);
  const counts = countRows(snapshot.client, withData);
  counts.catch(() => {}); // the archive waits for it and fails with it
  const command = await dumpOf(job, [`--format=${options.format}`, ...selectionArguments(options.selection)]);
  const content = options.format === 'plain' ? 'sql' : 'dump';
  const step = run.progress.start('dumping', facts.bytes);
  await stored.add(
    command,
    { key: draft.base, role: 'archive', content },
    { expectedBytes: facts.bytes, step, until: counts },
  );
  step.end();
  const uncounted = withoutData.map(({ schema, name }) => ({ schema, name }));
  const tables = [...(await counts), ...uncounted];
  return completeBackup(run, draft, manifestOf(job, { ...facts, tables }, stored), stored.outcomes);
}
