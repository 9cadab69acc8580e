import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { expectListedWhole } from '../support/expectations.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, query, serverUrl, type TestDatabase, testDatabase } from '../support/postgres.js';
import { childrenOf, until, waitForChild } from '../support/processes.js';

const dumpName = 'respaldo pg_dump';

async function files(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

/** Locks a table so that the dump waits in its midst; the answer unlocks it. */
async function lockTable(database: TestDatabase, table: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  let open = true;
  const unlock = async () => {
    if (open) await client.end();
    open = false;
  };
  onTestFinished(unlock);
  return unlock;
}

function waitsForLock({ name }: TestDatabase): Promise<void> {
  return until('pg_dump waits for a lock', async () => {
    const rows = await query(
      'postgres',
      "SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name = $2 AND wait_event_type = 'Lock'",
      [name, dumpName],
    );
    return rows.length > 0;
  });
}

/** After any fault: nothing is listed, nothing half-done lies about, and the next run works. */
async function expectNothingHappened(env: Record<string, string>, folder: string): Promise<void> {
  expect((await respaldo(['list'], env)).stdout).toContain('Backups available (0)');
  expect(await files(folder)).toEqual([]);
  const next = await respaldo(['backup', '--database'], env);
  expect(next, next.stderr).toMatchObject({ exitCode: 0 });
}

async function scene() {
  const database = await testDatabase(crmSample);
  const folder = await temporaryFolder();
  return { database, folder, env: { DATABASE_URL: database.url, BACKUP_DIR: folder } };
}

/** A backup under way, whose dump waits for a lock. */
async function halfWay() {
  const { database, folder, env } = await scene();
  const unlock = await lockTable(database, 'deals');
  const run = startRespaldo(['backup', '--database'], env);
  await waitsForLock(database);
  const afterwards = async () => {
    await unlock();
    await expectNothingHappened(env, folder);
  };
  return { database, run, afterwards };
}

function terminate({ name }: TestDatabase, application: string): Promise<unknown> {
  return query(
    'postgres',
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE $2',
    [name, application],
  );
}

describe('a backup that is hit half-way', () => {
  it('by pg_terminate_backend on the dump', async () => {
    const { database, run, afterwards } = await halfWay();
    await terminate(database, dumpName);
    const { exitCode, stderr } = await run;
    expect(exitCode).toBe(3);
    expect(String(stderr)).toMatch(/ERROR SOURCE_FAILED: pg_dump exited with code 1: .*terminating connection/s);
    await afterwards();
  });

  it('by pg_terminate_backend on the session that holds the snapshot', async () => {
    const { database, run, afterwards } = await halfWay();
    await terminate(database, 'respaldo backup %');
    const { exitCode, stderr } = await run;
    expect(exitCode).toBe(3);
    expect(String(stderr)).toContain('ERROR SNAPSHOT_LOST');
    await afterwards();
  });

  it.each(['pg_dump', 'igzip'])('by SIGKILL on %s', async (program) => {
    const { run, afterwards } = await halfWay();
    process.kill((await waitForChild(run.pid as number, program)).pid, 'SIGKILL');
    const { exitCode, stderr } = await run;
    expect(exitCode).toBe(3);
    expect(String(stderr)).toContain(`ERROR SOURCE_FAILED: ${program} was killed by SIGKILL`);
    await afterwards();
  });

  it.each([
    { signal: 'SIGTERM', code: 143, word: 'TERMINATED' },
    { signal: 'SIGINT', code: 130, word: 'INTERRUPTED' },
  ] as const)('by $signal on the program, which says so and cleans up', async ({ signal, code, word }) => {
    const { run, afterwards } = await halfWay();
    const children = await childrenOf(run.pid as number);
    run.kill(signal);
    const { exitCode, stderr } = await run;
    expect(exitCode).toBe(code);
    expect(String(stderr)).toContain(`ERROR ${word}`);
    for (const { pid } of children) expect(() => process.kill(pid, 0)).toThrow();
    await afterwards();
  });

  it('by SIGKILL on the program at ten random moments: nothing is ever listed that is not whole', async () => {
    const { env } = await scene();
    const whole = await respaldo(['backup', '--database', '--json'], env);
    const [{ manifest }] = JSON.parse(whole.stdout);
    const took = Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt) + 300;
    for (let round = 0; round < 10; round += 1) {
      const run = startRespaldo(['backup', '--database'], env);
      await delay(Math.random() * took);
      run.kill('SIGKILL');
      await run;
      await expectListedWhole(env);
    }
    expect(await respaldo(['backup', '--database'], env)).toMatchObject({ exitCode: 0 });
  });
});

describe('a backup that cannot begin', () => {
  it('names the table that it waited for in vain, and for how long', async () => {
    const { database, folder, env } = await scene();
    const unlock = await lockTable(database, 'deals');
    const run = await respaldo(['backup', '--database'], { ...env, BACKUP_LOCK_TIMEOUT: '1' });
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toMatch(/ERROR LOCK_TIMEOUT: backup of ".*" not taken: no lock on .*within 1 s/);
    await unlock();
    await expectNothingHappened(env, folder);
  });

  it('names what the role may not read, before anything is written', async () => {
    const { database, folder } = await scene();
    const role = `${database.name}_reader`;
    await query('postgres', `CREATE ROLE ${role} LOGIN`);
    onTestFinished(async () => {
      await query(database.name, `DROP OWNED BY ${role}`);
      await query('postgres', `DROP ROLE ${role}`);
    });
    await database.query(`GRANT SELECT ON customers, events, events_2025, events_2026 TO ${role};
      CREATE TABLE tenants (id int); ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; GRANT SELECT ON tenants TO ${role};
      CREATE SCHEMA "Closed One"; CREATE TABLE "Closed One"."x""y" (); SELECT lo_create(4711)`);
    const run = await respaldo(['backup', '--database'], {
      DATABASE_URL: serverUrl(database.name, role),
      BACKUP_DIR: folder,
    });
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toContain('ERROR NOT_READABLE');
    for (const line of [
      'table "public"."deals": no SELECT',
      'sequence "public"."deals_id_seq": no SELECT',
      'table "public"."tenants": row security hides rows',
      'table "Closed One"."x""y": no USAGE on its schema',
      '1 large objects of "postgres": no SELECT',
      'GRANT SELECT ON LARGE OBJECT … TO ',
      ' BYPASSRLS;',
    ]) {
      expect(run.stderr).toContain(line);
    }
    expect(run.stderr).not.toContain('customers"');
    expect(await files(folder)).toEqual([]);
  });

  it('ends with code 7 while another run holds the target, and names it', async () => {
    const { database, env } = await scene();
    const unlock = await lockTable(database, 'deals');
    const first = startRespaldo(['backup', '--database'], env);
    await waitsForLock(database);
    const second = await respaldo(['backup', '--database'], env);
    expect(second.exitCode).toBe(7);
    expect(second.stderr).toMatch(
      /ERROR BUSY: database ".*" is held by respaldo backup db_backup_\d{8}_\d{6}, since .* UTC, from 127\.0\.0\.1, server process \d+/,
    );
    await unlock();
    expect(await first).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toBeTruthy();
  });
});
