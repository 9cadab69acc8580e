import { OperatorError } from '../../core/errors.js';
import type { Step } from '../../core/log.js';
import type { DatabaseFacts, TableFacts } from '../../core/manifest.js';
import { describeParts, type PlannedPart, planParts } from '../../core/parallel/plan.js';
import { sumOfHashes } from '../../core/parallel/row-hash.js';
import { completeBackup, intact, partKey } from '../backup.js';
import { type ChosenTables, chooseTables, type DumpJob, databaseFacts, leftOut, manifestOf } from '../dump-job.js';
import { closeFingerprint, modeFor } from '../fingerprint-dump.js';
import { lockTimeoutOf } from '../postgres/lock-timeout.js';
import { qualified } from '../postgres/relations.js';
import { assertDirect, freeSessions } from '../postgres/sessions.js';
import type { BackupResult } from '../results.js';
import type { StoredFiles } from '../stored-files.js';
import { byWorkers } from './by-workers.js';
import { dumpRest, storeScript } from './dump-rest.js';
import { type DumpThreads, defaultJobs } from './dump-threads.js';
import type { DumpBrief, DumpedPart, DumpOrder, DumpStart } from './dump-work.js';
import { fingerprintSmall } from './fingerprint-small.js';
import { type CopyTable, copyTables, indexesOf } from './tables.js';
import { WorkerPool } from './worker-pool.js';

/** PostgreSQL reads a range of pages by itself from 14 on ("TID range scan"); before, each part would read the whole table. */
const cutsFrom = 14;

/** A job with the threads that it may use. */
export interface Threaded extends DumpJob {
  readonly threads: DumpThreads;
}

function mebibytes(megabytes: number | undefined): number | undefined {
  return megabytes === undefined ? undefined : megabytes * 1024 * 1024;
}

/**
 * Dumps the snapshot over many sessions, straight into storage. pg_dump writes the schema, and of the data what is small
 * or special; the rows of large tables are copied in parts, each an object of its own.
 */
export async function dumpParallel(job: Threaded, stored: StoredFiles, major: number): Promise<BackupResult> {
  const { run, draft, snapshot, options } = job;
  await assertDirect(snapshot.client, job.connection.database);
  const jobs = await affordableJobs(job, options.jobs ?? defaultJobs());
  const chosen = await chooseTables(job);
  const facts = await databaseFacts(job);
  const seconds = run.settings.BACKUP_LOCK_TIMEOUT;
  await snapshot.client.query(`SET LOCAL lock_timeout = '${seconds}s'`);
  // Even to tell its size, a table is locked.
  const tables = await lockTimeoutOf(facts.name, seconds, undefined, () =>
    copyTables(snapshot.client, chosen.withData),
  );
  const { parts } = planParts(tables, {
    workers: jobs * (options.tasks ?? run.settings.BACKUP_TASKS),
    canCut: major >= cutsFrom,
    smallerThan: mebibytes(run.settings.BACKUP_PARALLEL_TABLE_MB),
    partBytes: mebibytes(run.settings.BACKUP_PARALLEL_PART_MB),
  });
  const large = [...new Set(parts.map(({ table }) => table))];
  const tasks = usefulTasks(job, parts.length, jobs);
  run.log.info(`backing up "${facts.name}" (PostgreSQL ${job.server}) as ${draft.id}: ${describeParts(parts, jobs)}`);
  await lockTables(job, large);

  const step = run.progress.start(
    'dumping',
    tables.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const brief = workersBrief(job, large, facts.encoding, jobs * tasks);
  const pool = startPool(job, brief, jobs);
  let restBytes = 0;
  const restStep: Step = {
    ...step,
    update: (bytes) => {
      restBytes = Math.max(restBytes, bytes);
    },
    end() {},
  };
  return byWorkers(run, pool, { step, done: () => pool.bytes + restBytes }, async (call) => {
    call({ tasks, jobs: options.jobs, assignment: { work: 'dump', brief } });
    const small = smallTables(chosen, large);
    const mode = modeFor(job, facts.bytes);
    const fingerprint = fingerprintSmall(job, small, tables, mode, facts.encoding);
    fingerprint.catch(() => {}); // awaited below; here only so that an earlier failure is not overtaken by it
    const copying = parts.map((part) => dumpPart(job, pool, part, mode === 'full', stored));
    const rest = { large, encoding: facts.encoding, until: fingerprint, step: restStep };
    const work = [...copying, dumpRest(job, stored, rest)];
    await allOrNothing(work, (error) => pool.end(error));
    void pool.end(); // they go while the rest is written; whoever gave the pool waits for them
    const copied = await Promise.all(copying);
    const taken = await fingerprint;
    const database: DatabaseFacts = {
      ...facts,
      tables: tableFacts(taken.tables, parts, copied, chosen),
      ...leftOut(job, chosen),
      ...(await closeFingerprint(job, taken)),
      indexes: await indexEntries(job, large),
    };
    await storeScript(job, stored, database);
    return completeBackup(run, draft, manifestOf(job, database, stored), stored.outcomes);
  });
}

/** No more tasks than have something to do. */
function usefulTasks({ options, run }: DumpJob, parts: number, jobs: number): number {
  return Math.max(1, Math.min(options.tasks ?? run.settings.BACKUP_TASKS, Math.ceil(parts / jobs)));
}

/** The holder locks first what the workers will read, so that a migration in the way is told before anything is written. */
async function lockTables({ snapshot, run, connection }: DumpJob, tables: readonly CopyTable[]): Promise<void> {
  for (const table of tables) {
    const name = qualified(table);
    await lockTimeoutOf(connection.database, run.settings.BACKUP_LOCK_TIMEOUT, [name], () =>
      snapshot.client.query(`LOCK TABLE ONLY ${name} IN ACCESS SHARE MODE`),
    );
  }
}

/** @param workers in all tasks together */
function workersBrief(
  { run, snapshot, draft, options }: DumpJob,
  tables: readonly CopyTable[],
  encoding: string,
  workers: number,
): DumpBrief {
  return {
    snapshot: snapshot.id,
    purpose: `backup ${draft.id} worker`,
    tables: tables.map(({ schema, name }) => ({ schema, name })),
    encoding,
    level: run.settings.BACKUP_COMPRESSION_LEVEL ?? 1,
    bytesPerSecond: options.maxRate === undefined ? undefined : options.maxRate / workers,
  };
}

function startPool({ run, threads }: Threaded, brief: DumpBrief, jobs: number): WorkerPool<DumpOrder, DumpedPart> {
  const start: DumpStart = { ...brief, environment: { ...run.environment }, settings: run.settings };
  const pool = new WorkerPool<DumpOrder, DumpedPart>(({ key }, reason) =>
    run.log.warn(`${key} is dumped again: ${reason}`),
  );
  for (let index = 0; index < jobs; index += 1) pool.add(threads.begin(start));
  return pool;
}

async function dumpPart(
  job: DumpJob,
  pool: WorkerPool<DumpOrder, DumpedPart>,
  part: PlannedPart<CopyTable>,
  hashes: boolean,
  stored: StoredFiles,
): Promise<DumpedPart> {
  const { draft } = job;
  const { schema, name, columns, format, oid } = part.table;
  const storages = intact(draft, stored.outcomes);
  const dumped = await pool.submit(
    {
      source: { schema, name, columns, format, range: part.range },
      hashes,
      key: partKey(draft, `${readable(name)}-${oid}`, part.number),
      storages: storages.map(({ type }) => type),
      expectedBytes: part.bytes,
    },
    part.bytes,
  );
  const { rows, uncompressedBytes, failures } = dumped;
  const outcomes = storages.map((storage) => {
    const failed = failures.find(({ storage: type }) => type === storage.type);
    return {
      storage,
      error: failed && new OperatorError('STORAGE_FAILED', failed.reason, 'Mend what it says and run again.'),
    };
  });
  const facts = {
    schema,
    table: name,
    columns: [...columns],
    format,
    rows,
    uncompressedBytes,
    ...(part.range ? { pages: { ...part.range } } : {}),
  };
  stored.take({ ...dumped.file, part: facts }, outcomes, uncompressedBytes);
  return dumped;
}

/** What of a table's name can stand in a key, for people; the oid beside it tells tables apart. */
function readable(name: string): string {
  return name.replace(/[^A-Za-z0-9_]+/g, '_').slice(0, 40);
}

/** As many workers as there are sessions for, beside the one that pg_dump takes. */
async function affordableJobs({ run, snapshot, connection }: DumpJob, wanted: number): Promise<number> {
  const free = await freeSessions(snapshot.client);
  if (free > wanted) return wanted;
  if (free < 2) {
    throw new OperatorError(
      'TOO_FEW_CONNECTIONS',
      `backup of "${connection.database}" not taken: role "${connection.user}" may open ${free} more sessions, a parallel dump takes at least 2`,
      'Raise the limit (max_connections, ALTER ROLE … CONNECTION LIMIT), close sessions, or use --format custom.',
    );
  }
  run.log.warn(`${free} sessions are free: ${free - 1} workers instead of ${wanted}`);
  return free - 1;
}

function smallTables({ withData }: ChosenTables, large: readonly CopyTable[]) {
  const taken = new Set(large.map(({ oid }) => oid));
  return withData.filter(({ oid }) => !taken.has(oid));
}

function tableFacts(
  counted: readonly TableFacts[],
  parts: readonly PlannedPart<CopyTable>[],
  copied: readonly DumpedPart[],
  { withoutData }: ChosenTables,
): TableFacts[] {
  const copies = new Map<CopyTable, DumpedPart[]>();
  for (const [index, { table }] of parts.entries()) {
    const part = copied[index];
    if (part) copies.set(table, [...(copies.get(table) ?? []), part]);
  }
  return [
    ...[...copies].map(([{ schema, name, format, columns }, of]) => ({
      schema,
      name,
      rows: of.reduce((sum, { rows }) => sum + rows, 0),
      ...(of.every(({ hashSum }) => hashSum !== undefined)
        ? { hash: sumOfHashes(of.map(({ hashSum }) => hashSum ?? '0')), copied: { format, columns: [...columns] } }
        : {}),
    })),
    ...counted,
    ...withoutData.map(({ schema, name }) => ({ schema, name })),
  ];
}

async function indexEntries({ snapshot }: DumpJob, large: readonly CopyTable[]) {
  const entries = await indexesOf(
    snapshot.client,
    large.map(({ oid }) => oid),
  );
  return large.map(({ oid, schema, name }) => ({ schema, table: name, entries: [...(entries.get(oid) ?? [])] }));
}

/** Waits for all; the first failure ends the others, is waited out, and thrown. */
async function allOrNothing(work: readonly Promise<unknown>[], end: (error: unknown) => Promise<void>): Promise<void> {
  try {
    await Promise.all(work);
  } catch (error) {
    await end(error);
    await Promise.allSettled(work);
    throw error;
  }
}
