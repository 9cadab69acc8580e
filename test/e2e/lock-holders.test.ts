import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DumpOrder } from '../../container/parallel/dump-work.js';
import { dumpWork } from '../../container/parallel/dump-work.js';
import { workLoop } from '../../container/parallel/worker-loop.js';
import { type Channel, type FromWorker, type ToWorker, WorkerPool } from '../../container/parallel/worker-pool.js';
import { readSettings } from '../../core/read-settings.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, serverUrl, type TestDatabase, testDatabase } from '../support/postgres.js';
import { until } from '../support/processes.js';

const timeout = 120_000;

async function session(database: TestDatabase, application: string) {
  const client = new pg.Client({ connectionString: database.url, application_name: application });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end().catch(() => {}));
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return { client, pid: rows[0]?.pid ?? 0 };
}

async function backupInVain(url: string, format: string) {
  const env = {
    DATABASE_URL: url,
    BACKUP_DIR: await temporaryFolder(),
    BACKUP_LOCK_TIMEOUT: '1',
    BACKUP_FORMAT: format,
    BACKUP_PARALLEL_TABLE_MB: '0',
  };
  const run = await respaldo(['backup', '--database'], env);
  expect(run.exitCode, run.stderr).toBe(3);
  return run.stderr;
}

describe('a lock that is not had in time', { timeout }, () => {
  it.each(['plain', 'parallel'])(
    'is told with who holds it, and without what that says of rows: %s',
    async (format) => {
      const database = await testDatabase(crmSample);
      const { client, pid } = await session(database, 'migration 42');
      await client.query('BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE');
      await client.query("UPDATE customers SET name = 'row-canary' WHERE id = 1");
      const said = await backupInVain(database.url, format);
      expect(said).toMatch(
        /ERROR LOCK_TIMEOUT: backup of ".*" not taken: no lock on (?:public\.deals|a table|its tables) within 1 s, held by:$/m,
      );
      expect(said).toMatch(
        new RegExp(
          `^  deals: server process ${pid} \\(user "postgres", application "migration 42", idle in transaction, in a transaction for \\d+ s, last UPDATE\\)$`,
          'm',
        ),
      );
      expect(said).toContain(`SELECT pg_terminate_backend(${pid})`);
      expect(said).not.toContain('canary');
    },
  );

  it('is told with the migration that waits ahead, and whom that waits for', async () => {
    const database = await testDatabase(crmSample);
    const [reader, migration] = [await session(database, 'a long report'), await session(database, 'migration')];
    await reader.client.query("BEGIN; SELECT count(*) FROM deals WHERE note = 'row-canary'");
    const altering = migration.client.query('ALTER TABLE deals ADD COLUMN more text').catch(() => {});
    await until('the migration waits', async () => {
      const rows = await database.query('SELECT FROM pg_locks WHERE pid = $1 AND NOT granted', [migration.pid]);
      return rows.length > 0;
    });
    const said = await backupInVain(database.url, 'parallel');
    expect(said).toMatch(
      new RegExp(
        `deals: server process ${migration.pid} \\(.*"migration", active.*, at ALTER TABLE\\), which waits itself for server process ${reader.pid} \\(.*"a long report", idle in transaction.*last BEGIN; SELECT\\)`,
      ),
    );
    expect(said).toContain(`pg_terminate_backend(${reader.pid})`);
    expect(said).not.toContain('canary');
    await reader.client.query('ROLLBACK');
    await altering;
  });

  it('is told with a prepared transaction', async () => {
    const database = await testDatabase(crmSample);
    const gid = `prepared ${database.name}`;
    const { client } = await session(database, 'coordinator');
    await client.query('BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE');
    await client.query(`PREPARE TRANSACTION '${gid}'`);
    try {
      expect(await backupInVain(database.url, 'plain')).toContain(`deals: the prepared transaction "${gid}", for `);
    } finally {
      await client.query(`ROLLBACK PREPARED '${gid}'`);
    }
  });

  it('is told with as much as the role may see', async () => {
    const database = await testDatabase(crmSample);
    const role = `${database.name}_reader`;
    await database.query(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
    await database.query(`GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    onTestFinished(async () => {
      await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });
    const { client, pid } = await session(database, 'migration');
    await client.query('BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE');
    const said = await backupInVain(serverUrl(database.name, role), 'plain');
    expect(said).toContain(`deals: server process ${pid} (user "postgres", application "migration")`);
    await client.query('ROLLBACK');
  });
});

describe('a restore in place that does not get its tables for itself', { timeout }, () => {
  it('is told with who uses them, and changes nothing', async () => {
    const database = await testDatabase(`CREATE SCHEMA crm; CREATE TABLE crm.notes AS SELECT 1 AS n; ${crmSample}`);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), BACKUP_LOCK_TIMEOUT: '1' };
    expect(await respaldo(['backup', '--database'], env)).toMatchObject({ exitCode: 0 });
    const before = await contentsOf(database.name);
    const { client, pid } = await session(database, 'a report');
    await client.query("BEGIN; SELECT count(*) FROM crm.notes WHERE n::text = 'row-canary'");
    const { exitCode, stderr } = await respaldo(['restore', '--latest', '--force', '--in-place'], env);
    expect(exitCode, stderr).toBe(3);
    expect(stderr).toMatch(
      /ERROR LOCK_TIMEOUT: restore into ".*" not done: its tables were not to be had alone within 1 s, held by:$/m,
    );
    expect(stderr).toMatch(
      new RegExp(
        `^  crm\\.notes: server process ${pid} \\(user "postgres", application "a report", idle in transaction, .*, last BEGIN; SELECT\\)$`,
        'm',
      ),
    );
    expect(stderr).toMatch(new RegExp(`HINT: The database is as it was\\..*SELECT pg_terminate_backend\\(${pid}\\)`));
    expect(stderr).not.toContain('canary');
    expect(await contentsOf(database.name)).toEqual(before);
    await client.query('ROLLBACK');
    expect(await respaldo(['restore', '--latest', '--force', '--in-place'], env)).toMatchObject({ exitCode: 0 });
  });
});

it('a table whose name is just being taken is waited for no longer than for a lock', { timeout }, async () => {
  const database = await testDatabase(crmSample);
  const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), BACKUP_LOCK_TIMEOUT: '1' };
  expect(await respaldo(['backup', '--database'], env)).toMatchObject({ exitCode: 0 });
  const { client } = await session(database, 'another one');
  await client.query('BEGIN; CREATE TABLE back (n int)');
  const { exitCode, stderr } = await respaldo(['restore', '--latest', '--table', 'deals', '--as', 'back'], env);
  expect(exitCode, stderr).toBe(3);
  expect(stderr).toContain('ERROR LOCK_TIMEOUT: no lock was had in');
});

describe('a worker that does not get its locks in time', { timeout }, () => {
  it('says so once, and is not given the order again', async () => {
    const database = await testDatabase(crmSample);
    const holder = await session(database, 'snapshot');
    await holder.client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await holder.client.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    const { client } = await session(database, 'migration');
    await client.query('BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE');
    const environment = {
      DATABASE_URL: database.url,
      BACKUP_DIR: await temporaryFolder(),
      BACKUP_LOCK_TIMEOUT: '1',
    };
    const tables = [{ schema: 'public', name: 'deals' }];
    const task = { purpose: 'worker', tables, encoding: 'UTF8', level: 1, bytesPerSecond: undefined };
    const settings = readSettings(environment);
    const work = await dumpWork({ ...task, snapshot: rows[0]?.id ?? '', environment, settings });
    const again: string[] = [];
    const pool = new WorkerPool<DumpOrder, unknown>((_order, reason) => again.push(reason));
    const [ours, theirs] = line<ToWorker<DumpOrder>, FromWorker<unknown>>();
    pool.add(ours);
    const ended = workLoop(theirs, work);
    const source = { schema: 'public', name: 'deals', columns: ['id'], format: 'text', range: null } as const;
    const order: DumpOrder = { source, hashes: false, key: 'k', storages: ['local'], expectedBytes: 1 };
    const dumped = pool.submit(order, 1);
    await expect(dumped).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      message: expect.stringContaining('canceling statement due to lock timeout'),
    });
    expect(again).toEqual([]);
    const ending = pool.end();
    await ended;
    theirs.close();
    await ending;
  });
});

/** The two ends of a line within one process. */
function line<Down, Up>(): [Channel<Down, Up>, Channel<Up, Down>] {
  const [down, up] = [new EventTarget(), new EventTarget()];
  const end = <Out, In>(out: EventTarget, into: EventTarget): Channel<Out, In> => ({
    send: (detail) => void setImmediate(() => out.dispatchEvent(new CustomEvent('message', { detail }))),
    onMessage: (handle) => into.addEventListener('message', (event) => handle((event as CustomEvent).detail)),
    onClose: (handle) => into.addEventListener('close', () => handle(undefined)),
    close: () => void out.dispatchEvent(new Event('close')),
  });
  return [end<Down, Up>(down, up), end<Up, Down>(up, down)];
}
