import { describe, expect, it } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, query, serverUrl, testDatabase } from '../support/postgres.js';

/** Large enough that a slowed dump of it can be disturbed: about 4 MB in many small parts. */
const wide = `
  CREATE TABLE wide (id int PRIMARY KEY, t text);
  INSERT INTO wide SELECT i, string_agg(md5(i::text || j), '') FROM generate_series(1, 4000) i, generate_series(1, 30) j GROUP BY i;`;
const parts = { BACKUP_PARALLEL_TABLE_MB: '0', BACKUP_PARALLEL_PART_MB: '0.2' };
const slowly = ['backup', '--database', '--format', 'parallel', '--jobs', '2', '--max-rate', '1.5'];

async function prepared() {
  const database = await testDatabase(wide);
  return { database, env: { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), ...parts } };
}

/** Waits for a session of the dump, by what it calls itself. */
async function sessionOf(database: string, purpose: string): Promise<number> {
  for (let tries = 0; tries < 400; tries += 1) {
    const [found] = await query<{ pid: number }>(
      'postgres',
      "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE $2 AND query LIKE 'COPY%'",
      [database, `respaldo ${purpose}`],
    );
    if (found) return found.pid;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`no session "${purpose}" was seen`);
}

describe('the sessions of a parallel dump', () => {
  it('keep to a rate also where a part comes in one read', async () => {
    const { env } = await prepared();
    const started = performance.now();
    const args = ['backup', '--database', '--format', 'parallel', '--jobs', '1', '--max-rate', '1'];
    const backup = await respaldo(args, { ...env, BACKUP_PARALLEL_PART_MB: '0.03' });
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    expect(performance.now() - started).toBeGreaterThan(2_500); // nearly 4 MB, by one that reads a megabyte a second
  });

  it('a worker’s session that is ended: its part is dumped again, in the same snapshot', async () => {
    const { database, env } = await prepared();
    const before = await contentsOf(database.name);
    const backup = startRespaldo(slowly, env);
    const pid = await sessionOf(database.name, 'backup%worker');
    await database.query("INSERT INTO wide VALUES (0, 'after the snapshot')");
    await query('postgres', 'SELECT pg_terminate_backend($1)', [pid]);
    const { exitCode, stderr } = await backup;
    expect(stderr).toMatch(/WARN.*is dumped again: /i);
    expect(exitCode, String(stderr)).toBe(0);
    const copy = `${database.name}_copy`;
    expect(await respaldo(['restore', '--latest', '--into', copy], env)).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(copy)).toEqual(before);
    expect(await respaldo(['verify'], env)).toMatchObject({ exitCode: 0 });
  });

  it('the snapshot’s own session that is ended: the run ends, and nothing is listed', async () => {
    const { database, env } = await prepared();
    const backup = startRespaldo(slowly, env);
    await sessionOf(database.name, 'backup%worker');
    await query(
      'postgres',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'respaldo backup%' AND application_name NOT LIKE '%worker'",
      [database.name],
    );
    const { exitCode, stderr } = await backup;
    expect(stderr).toContain('ERROR SNAPSHOT_LOST');
    expect(exitCode).toBe(3);
    expect((await respaldo(['list', '--json'], env)).stdout).toBe('[]\n'.trim());
  });

  it.each([
    { limit: 4, says: /3 sessions are free: 2 workers instead of 5/, exitCode: 0 },
    { limit: 2, says: /ERROR TOO_FEW_CONNECTIONS: .*may open 1 more sessions/, exitCode: 3 },
  ])('a role limited to $limit sessions', async ({ limit, says, exitCode }) => {
    const { database, env } = await prepared();
    const role = `${database.name}_role`;
    await query('postgres', `CREATE ROLE ${role} LOGIN CONNECTION LIMIT ${limit} IN ROLE pg_read_all_data`);
    try {
      const limited = { ...env, DATABASE_URL: serverUrl(database.name, role) };
      const backup = await respaldo(['backup', '--database', '--format', 'parallel', '--jobs', '5'], limited);
      expect(backup.stderr).toMatch(says);
      expect(backup.exitCode).toBe(exitCode);
    } finally {
      await query('postgres', `DROP ROLE ${role}`);
    }
  });

  it('timeouts of the role do not end it, and a long snapshot is told', async () => {
    const { database, env } = await prepared();
    await database.query(
      `ALTER DATABASE ${database.name} SET idle_in_transaction_session_timeout = '300ms'; ALTER DATABASE ${database.name} SET statement_timeout = '300ms'`,
    );
    const backup = await respaldo(slowly, { ...env, BACKUP_SNAPSHOT_WARN_MINUTES: '0.01' });
    expect(backup.stderr).toMatch(/the snapshot of ".*" has been held for \d+/);
    expect(backup.exitCode).toBe(0);
  });

  it('one table comes back alone, with all of the schema around it', async () => {
    const database = await testDatabase(
      `${wide} CREATE TABLE "Other; тab" (a int REFERENCES wide); INSERT INTO "Other; тab" VALUES (1); CREATE TABLE third AS SELECT 1 AS a;`,
    );
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), BACKUP_PARALLEL_TABLE_MB: '0.5' };
    expect(await respaldo(['backup', '--database', '--format', 'parallel'], env)).toMatchObject({ exitCode: 0 });
    const all = await contentsOf(database.name);
    const nothing = '0 rows, 0';
    for (const [index, [names, kept]] of (
      [
        [['public.wide'], ['public.wide']],
        [['Other; тab'], ['public."Other; тab"']],
        [
          ['w*', 'public.third'],
          ['public.wide', 'public.third'],
        ],
      ] as const
    ).entries()) {
      const copy = `${database.name}_${index}`;
      const args = names.flatMap((name) => ['--table', name]);
      const restore = await respaldo(['restore', '--latest', '--into', copy, ...args], env);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
      const expected = Object.keys(all).map((name) => [name, kept.includes(name as never) ? all[name] : nothing]);
      expect(await contentsOf(copy)).toEqual(Object.fromEntries(expected));
    }
    // A backup in which nothing is counted has the same tables, small ones too.
    const uncounted = { ...env, BACKUP_DIR: await temporaryFolder(), BACKUP_FINGERPRINT: 'off' };
    expect(await respaldo(['backup', '--database', '--format', 'parallel'], uncounted)).toMatchObject({ exitCode: 0 });
    for (const [index, name] of ['public.wide', 'public.third'].entries()) {
      const copy = `${database.name}_uncounted_${index}`;
      const args = ['restore', '--latest', '--into', copy, '--table', name];
      const restore = await respaldo(args, uncounted);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
      expect(await contentsOf(copy)).toEqual(
        Object.fromEntries(Object.keys(all).map((each) => [each, each === name ? all[each] : nothing])),
      );
    }
    const beside = await respaldo(['restore', '--latest', '--table', 'third', '--as', 'back'], uncounted);
    expect(beside, beside.stderr).toMatchObject({ exitCode: 0 });
    expect((await contentsOf(database.name))['public.back']).toEqual(all['public.third']);
    await database.query('DROP TABLE back');
    for (const [args, says] of [
      [['--table', 'nosuch', '--into', 'x'], /no rows of a table "nosuch".*public\.wide/s],
      [['--in-place', '--force'], /parallel backup: .*in one transaction/],
    ] as const) {
      const refused = await respaldo(['restore', '--latest', ...args], env);
      expect(refused.stderr).toMatch(says);
      expect(refused.exitCode).toBe(2);
    }
    expect(await contentsOf(database.name)).toEqual(all);
  });
});
