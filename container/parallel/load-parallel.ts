import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { wrappingOf } from '../../core/archive-name.js';
import type { Manifest, ManifestFile, PartFacts, TableFacts } from '../../core/manifest.js';
import { type TableLoad, tableLoads } from '../../core/parallel/load.js';
import { fileDecoders, readFileOf } from '../decode.js';
import type { DatabaseRestorePlan } from '../plan-database-restore.js';
import { loadingConninfo } from '../postgres/conninfo.js';
import { tellingLostRights } from '../postgres/lost-rights.js';
import { withSession } from '../postgres/open-session.js';
import { pgRestoreCommand } from '../postgres/pg-restore.js';
import type { Run } from '../run.js';
import { scratchFolder } from '../scratch-folder.js';
import { childEnvironment } from '../streams/command.js';
import { runPipe } from '../streams/pipe.js';
import { byWorkers } from './by-workers.js';
import { defaultJobs } from './dump-threads.js';
import type { LoadBrief, LoadOrder, LoadStart } from './load-work.js';
import { WaitingThread } from './thread-channel.js';
import { type FromWorker, type ToWorker, WorkerPool } from './worker-pool.js';

/**
 * Loads a parallel backup into an empty database: the schema; then parts over many sessions, each table's indexes as
 * soon as its rows are in; last what concerns several tables.
 */
export async function loadParallel(
  run: Run,
  plan: DatabaseRestorePlan,
  stored: Manifest,
  jobs = defaultJobs(),
): Promise<void> {
  const manifest: Manifest = { ...stored, files: plan.found.files.filter(({ part }) => !part || isWanted(plan, part)) };
  const folder = await scratchFolder('schema');
  try {
    await loadBy(jobs, run, plan, manifest, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param folder for what pg_restore wants to have as a file */
async function loadBy(
  jobs: number,
  run: Run,
  plan: DatabaseRestorePlan,
  manifest: Manifest,
  folder: string,
): Promise<void> {
  const schemaFile = one(manifest, 'schema');
  const step = run.progress.start(
    `restoring ${plan.found.id}`,
    manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  // A part whose commit was in doubt may come twice: the comparison of row counts then refuses the whole.
  const pool = new WorkerPool<LoadOrder, null>((_, reason) => run.log.warn(`trying again: ${reason}`));
  await byWorkers(run, pool, { step, done: () => pool.bytes }, async (call) => {
    const tasks = usefulTasks(run, plan, manifest, jobs);
    const brief = await workersBrief(plan, manifest, schemaFile, jobs * tasks);
    const start: LoadStart = { ...brief, environment: { ...run.environment }, settings: run.settings };
    for (let index = 0; index < jobs; index += 1)
      pool.add(new WaitingThread('load-thread.js').begin<ToWorker<LoadOrder>, FromWorker<null>>(start));
    const archive = join(folder, 'schema.dump');
    await fetchSchema(run, plan, manifest, schemaFile, archive);
    // Rights come last, as pg_restore itself has it: an owner may have taken from himself what loading needs.
    await pool.submit({ type: 'archive', file: schemaFile, args: ['--section=pre-data', '--no-privileges'] }, 1);
    const [contents, rights] = await tableOfContents(plan, archive);
    const loads = tableLoads(manifest, jobs * tasks);
    const small = one(manifest, 'small');
    // By a worker of this task, before others come: what is not one transaction cannot be done again after a loss.
    const smallLoaded = smallArguments(plan, manifest).map((args) =>
      pool.submit({ type: 'archive', file: small, args }, small.bytes),
    );
    call({ tasks, jobs: plan.options.jobs, assignment: { work: 'load', brief } });
    const built = await Promise.all([
      ...smallLoaded.map((loaded) => loaded.then(() => [])),
      ...loads.map((load) => loadTable(pool, load, contents)),
    ]);
    const done = new Set(built.flat());
    // Keys to tables that stay empty could not be met.
    const rest = contents.filter((line) => !done.has(line) && !(plan.tables && / FK CONSTRAINT /.test(line)));
    await finish(run, plan, archive, await listFile(folder, 'rest', [...rest, ...rights]), jobs, start.buildOptions);
  });
}

function isWanted({ tables }: DatabaseRestorePlan, { schema, table }: Pick<PartFacts, 'schema' | 'table'>): boolean {
  return tables === undefined || tables.some((each) => each.schema === schema && each.name === table);
}

/** What pg_restore takes from the archive of small tables: all; or, a schema at a time, the tables that are wanted. */
function smallArguments({ tables }: DatabaseRestorePlan, { files }: Manifest): string[][] {
  if (!tables) return [['--section=data']];
  const inParts = (wanted: TableFacts) =>
    files.some(({ part }) => part?.schema === wanted.schema && part.table === wanted.name);
  const small = tables.filter((table) => !inParts(table));
  return [...new Set(small.map(({ schema }) => schema))].map((schema) => [
    '--section=data',
    `--schema=${schema}`,
    ...small.filter((table) => table.schema === schema).map(({ name }) => `--table=${name}`),
  ]);
}

/** No more tasks than have something to do. */
function usefulTasks(run: Run, { options }: DatabaseRestorePlan, { files }: Manifest, jobs: number): number {
  const parts = files.filter(({ role }) => role === 'part').length;
  return Math.max(1, Math.min(options.tasks ?? run.settings.BACKUP_TASKS, Math.ceil(parts / jobs)));
}

/** Loads a table's parts, then builds what stands over it. Answers with the entries that it built. */
async function loadTable(
  pool: WorkerPool<LoadOrder, null>,
  { orders, entries, bytes }: TableLoad,
  contents: readonly string[],
): Promise<string[]> {
  await Promise.all(
    orders.map(({ files, freeze, bytes: weight }) => pool.submit({ type: 'parts', files, freeze }, weight)),
  );
  const lines = contents.filter((line) => entries.has(entryOf(line)));
  if (lines.length > 0) await pool.submit({ type: 'build', entries: lines }, bytes);
  return lines;
}

/** A line of a table of contents begins `215; 1259 16390 INDEX …`: catalog and object. */
function entryOf(line: string): string {
  const [, catalog, oid] = /^\d+; (\d+) (\d+) /.exec(line) ?? [];
  return `${{ '1259': 'pg_class', '2606': 'pg_constraint' }[catalog ?? ''] ?? catalog} ${oid}`;
}

/** @param workers in all tasks together */
async function workersBrief(
  plan: DatabaseRestorePlan,
  manifest: Manifest,
  schema: ManifestFile,
  workers: number,
): Promise<LoadBrief> {
  return {
    storage: plan.found.storage.name,
    id: plan.found.id,
    database: plan.restoreName,
    encoding: manifest.database?.encoding ?? 'UTF8',
    recipients: manifest.encryption.recipients,
    purpose: `restore ${plan.found.id} worker`,
    binDirectory: plan.clients.directory,
    withoutOwners: plan.options.withoutOwners,
    buildOptions: await buildOptions(plan, workers),
    schema,
  };
}

/** A sixteenth of what the server says that it may cache, shared by the workers; each session sorts alone, because several are at work. */
async function buildOptions({ connection, restoreName }: DatabaseRestorePlan, jobs: number): Promise<string> {
  return withSession(
    connection,
    'restore',
    async (client) => {
      const { rows } = await client.query<{ megabytes: string }>(
        "SELECT setting::int8 * current_setting('block_size')::int8 / 1048576 AS megabytes FROM pg_settings WHERE name = 'effective_cache_size'",
      );
      const share = Math.floor(Number(rows[0]?.megabytes ?? 0) / 4 / jobs);
      const parallel = jobs > 1 ? ' -c max_parallel_maintenance_workers=0' : '';
      return `-c maintenance_work_mem=${Math.min(1024, Math.max(64, share))}MB${parallel}`;
    },
    restoreName,
  );
}

/** The schema's archive is small; pg_restore reads it several times and out of order, so it stands in a file meanwhile. */
async function fetchSchema(
  { settings, signal }: Run,
  { found }: DatabaseRestorePlan,
  manifest: Manifest,
  file: ManifestFile,
  path: string,
): Promise<void> {
  const wrapping = wrappingOf(file.key);
  const programs = wrapping ? await fileDecoders(wrapping, manifest.encryption.recipients, settings) : [];
  const save = async (stream: NodeJS.ReadableStream) => writeFile(path, stream, { mode: 0o600 });
  const stored = await readFileOf(found, file, signal);
  if (programs.length === 0) await save(stored);
  else await runPipe(programs, { input: stored, output: save, signal });
}

/** @returns lines of what is built over tables, and lines of rights */
async function tableOfContents({ clients }: DatabaseRestorePlan, archive: string): Promise<[string[], string[]]> {
  const list = async (...args: string[]) => {
    const { stdout } = await execa(join(clients.directory, 'pg_restore'), ['--list', ...args, archive], {
      env: childEnvironment(),
      extendEnv: false,
      maxBuffer: 2 ** 30,
    });
    return stdout.split('\n').filter((line) => /^\d+;/.test(line));
  };
  const isRight = (line: string) => /^\d+; \d+ \d+ (?:DEFAULT )?ACL /.test(line);
  const over = await list('--section=post-data');
  return [over.filter((line) => !isRight(line)), (await list()).filter(isRight)];
}

async function listFile(folder: string, name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.list`);
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}

/** What concerns several tables: foreign keys, triggers, and everything that stands over small ones. */
async function finish(
  { signal, log }: Run,
  plan: DatabaseRestorePlan,
  archive: string,
  list: string,
  jobs: number,
  sessionOptions: string,
): Promise<void> {
  const { clients, connection, options, restoreName } = plan;
  const command = await pgRestoreCommand(
    {
      ...{ connection, database: restoreName, clients, withoutOwners: options.withoutOwners, sessionOptions },
      onStderrLine: tellingLostRights(log),
    },
    [`--dbname=${loadingConninfo(restoreName)}`, `--jobs=${jobs}`, `--use-list=${list}`, archive],
  );
  await runPipe([command], { signal });
}

function one({ files }: Manifest, role: ManifestFile['role']): ManifestFile {
  const file = files.find((each) => each.role === role);
  if (!file) throw new Error(`a parallel backup without a ${role} file`);
  return file;
}
