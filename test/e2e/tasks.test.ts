import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../container/postgres/free-port.js';
import type { Assignment, Hello } from '../../container/tasks/assignment.js';
import { Line } from '../../container/tasks/line.js';
import { connectSecurely } from '../../container/tasks/secure.js';
import { type CliEnvironment, respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, query, testDatabase } from '../support/postgres.js';
import { childrenOf, until } from '../support/processes.js';
import { torture } from '../support/torture.js';

const secret = 'a secret of this test alone, long enough';
const shared = ['--tasks', '3', '--jobs', '1'];
/** A dump so slow that every task has its share of it: half a minute for one worker alone. */
const slowDump = ['backup', '--database', '--format', 'parallel', '--max-rate', '0.6', ...shared];
const tiny = { BACKUP_PARALLEL_TABLE_MB: '0', BACKUP_PARALLEL_PART_MB: '0.05' };

const bulk = `${crmSample}
  CREATE FUNCTION nap(i int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
  CREATE TABLE bulk (i int CHECK (nap(i)), t text); INSERT INTO bulk SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 15000) i;`;
/** Takes a restore half a minute for one worker alone: each row that is loaded is checked. */
const nap = `CREATE OR REPLACE FUNCTION nap(i int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(0.002); RETURN true; END $$`;

interface Scene {
  readonly env: CliEnvironment;
  readonly folder: string;
  readonly database: Awaited<ReturnType<typeof testDatabase>>;
}

async function scene(sql: string): Promise<Scene> {
  const database = await testDatabase(sql);
  const folder = await temporaryFolder();
  return { database, folder, env: { DATABASE_URL: database.url, BACKUP_DIR: folder, ...tiny } };
}

async function ok(args: readonly string[], env: CliEnvironment) {
  const result = await respaldo(args, env);
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  return result;
}

/** Waits until workers of all three tasks are at a statement, and answers with the processes that the first one started. */
async function allAtWork(
  run: ReturnType<typeof startRespaldo>,
  { name }: { name: string },
  at: string,
): Promise<number[]> {
  await until(
    'three tasks are at work',
    async () => {
      const [row] = await query<{ count: string }>(
        'postgres',
        "SELECT count(*) FROM pg_stat_activity WHERE starts_with(datname::text, $1) AND application_name LIKE '%worker%' AND query ~ $2",
        [name, at],
      );
      return Number(row?.count) === 3;
    },
    60,
  );
  const pids = (await childrenOf(run.pid as number)).filter((child) => /^(node|MainThread)/.test(child.name));
  expect(pids).toHaveLength(2);
  return pids.map(({ pid }) => pid);
}

async function isGone(pid: number): Promise<boolean> {
  try {
    return /\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

describe('several tasks', { timeout: 240_000 }, () => {
  it('share a dump and a restore, which come out as ever', async () => {
    const { database, env } = await scene(torture);
    const before = await contentsOf(database.name);
    await ok(['backup', '--database', '--format', 'parallel', '--tasks', '3', '--jobs', '2'], env);
    await ok(['verify'], env);
    await ok(['restore', '--latest', '--into', `${database.name}_copy`, '--tasks', '3', '--jobs', '2'], env);
    expect(await contentsOf(`${database.name}_copy`)).toEqual(before);
  });

  it.each([
    { name: 'is killed', signal: 'SIGKILL' as const, said: /process \d+ was lost, its share goes to the others: / },
    // Nothing tells of it: the connection stands, and nothing comes.
    {
      name: 'vanishes without a word',
      signal: 'SIGSTOP' as const,
      said: /was lost.*: nothing was heard of it for 20 s/,
    },
  ])('go on with a dump when one of them $name', async ({ signal, said }) => {
    const { database, env } = await scene(bulk);
    const before = await contentsOf(database.name);
    const run = startRespaldo(slowDump, env);
    const [victim] = await allAtWork(run, database, 'COPY|SELECT');
    process.kill(victim as number, signal);
    const { exitCode, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(0);
    expect(stderr).toMatch(said);
    expect(await isGone(victim as number)).toBe(true);
    await ok(['verify'], env);
    await ok(['restore', '--latest', '--into', `${database.name}_copy`], env);
    expect(await contentsOf(`${database.name}_copy`)).toEqual(before);
  });

  it('go on with a restore when one of them is killed', async () => {
    const { database, env } = await scene(bulk);
    const before = await contentsOf(database.name);
    await database.query(nap);
    await ok(['backup', '--database', '--format', 'parallel'], env);
    const run = startRespaldo(['restore', '--latest', '--into', `${database.name}_copy`, ...shared], env);
    const [victim] = await allAtWork(run, database, 'COPY .*bulk');
    process.kill(victim as number, 'SIGKILL');
    const { exitCode, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(0);
    expect(stderr).toMatch(/was lost, its share goes to the others/);
    expect(await contentsOf(`${database.name}_copy`)).toEqual(before);
  });

  it('all end, and nothing is listed, when the first is killed', async () => {
    const { database, env } = await scene(bulk);
    const run = startRespaldo(slowDump, env);
    const workers = await allAtWork(run, database, 'COPY|SELECT');
    process.kill(run.pid as number, 'SIGKILL');
    await run;
    for (const pid of workers) await until(`process ${pid} has ended`, () => isGone(pid));
    expect((await ok(['list', '--json'], env)).stdout).toBe('[]');
    await ok(['backup', '--database', '--format', 'parallel'], env);
  });

  it('tell each other no password, and admit nobody without the secret or of another run', async () => {
    const { database, folder, env } = await scene(bulk);
    await database.query(`ALTER ROLE postgres PASSWORD NULL`);
    const url = database.url.replace('postgres@', 'postgres:hunter2@');
    const told = join(folder, 'told');
    const starter = join(await temporaryFolder(), 'starter.sh');
    await writeFile(starter, `cat /proc/$$/environ >${told}.environ\necho "$@" >${told}\n`);
    const port = await freePort();
    const run = startRespaldo([...slowDump.slice(0, -shared.length), '--tasks', '2', '--jobs', '1'], {
      ...env,
      DATABASE_URL: url,
      SSH_AUTH_SOCK: '/run/agent',
      SENTRY_DSN: 'http://canary-of-sentry@127.0.0.1:9/42',
      OTHER_PROGRAMS_SECRET: 'canary-of-another-program',
      BACKUP_TASKS_SECRET: secret,
      BACKUP_TASKS_PORT: String(port),
      BACKUP_TASKS_COMMAND: `sh ${starter} {n}`,
    });
    await until(
      'a task is asked for',
      async () => (await readdir(folder)).includes('told') && (await readFile(told)).length > 0,
    );
    const environ = await readFile(`${told}.environ`, 'utf8');
    // It starts the same program, which needs these, on another host.
    for (const each of [secret, 'hunter2', 'BACKUP_DIR=', 'PATH=', 'SSH_AUTH_SOCK=/run/agent'])
      expect(environ).toContain(each);
    expect(environ).not.toContain('canary');
    const [, address, id] = /^2 worker --connect (\S+) --run (\S+) --jobs 1$/m.exec(await readFile(told, 'utf8')) ?? [];
    expect(address).toBe(`127.0.0.1:${port}`);
    const worker = (theSecret: string, theRun: string) =>
      respaldo(['worker', '--connect', address as string, '--run', theRun], { ...env, BACKUP_TASKS_SECRET: theSecret });
    expect(await worker(`${secret}!`, id as string)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^ERROR TASK_LOST: .*the secrets differ$/m),
    });
    expect((await worker(secret, 'f00')).stderr).toMatch(/^ERROR TASK_LOST: .*it belongs to another run$/m);

    const socket = await connectSecurely({ host: '127.0.0.1', port }, { secret, run: id as string });
    const line = new Line<Hello, Assignment>(socket);
    const assignment = new Promise<Assignment>((resolve) => line.onMessage(resolve));
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    line.send({ version, task: 'a spy' });
    expect(JSON.stringify(await assignment)).toMatch(/"work":"dump"/);
    expect(JSON.stringify(await assignment)).not.toMatch(/hunter2|DATABASE_URL|environment/);
    line.close();
    const { exitCode, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(0);
    expect(stderr).toMatch(/a connection was refused: 127\.0\.0\.1: the secrets differ/);
    expect(stderr).toMatch(/a connection was refused: 127\.0\.0\.1: it belongs to another run/);
    expect(stderr).not.toContain('hunter2');
  });
});
