import { describe, expect, inject, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, testDatabase } from '../support/postgres.js';
import { type TcpFault, tcpProxy } from '../support/proxy.js';

/** Some megabytes: enough for a connection that carries rows to be told from those that ask. */
const sample = `CREATE TABLE noise AS SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 100) j) AS t
  FROM generate_series(1, 1500) i`;

async function scene(fault: TcpFault) {
  const database = await testDatabase(sample);
  const { port } = inject('postgres');
  const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
  const broken = await tcpProxy(port, () => fault);
  return { database, env, throughProxy: { ...env, DATABASE_URL: database.url.replace(`:${port}/`, `:${broken}/`) } };
}

describe('a connection to the server that breaks', { timeout: 300_000 }, () => {
  it.each(['reset', 'close'] as const)(
    'in the midst of a backup (%s): nothing is listed, the next run works',
    async (what) => {
      const { env, throughProxy } = await scene({ after: 1_000_000, what });
      const run = await respaldo(['backup', '--database'], throughProxy);
      expect(run.exitCode, run.stderr).toBe(3);
      expect(run.stderr).toMatch(/ERROR (SOURCE_FAILED|SNAPSHOT_LOST): .*\nHINT: /s);
      expect((await respaldo(['list'], env)).stdout).toContain('Backups available (0)');
      expect(await respaldo(['backup', '--database'], env)).toMatchObject({ exitCode: 0 });
    },
  );

  it.each(['reset', 'close'] as const)('before anything is said (%s): the message names the server', async (what) => {
    const { throughProxy } = await scene({ after: 0, what });
    const run = await respaldo(['backup', '--database'], throughProxy);
    expect(run.exitCode, run.stderr).toBe(3);
    expect(run.stderr).toMatch(
      /ERROR SERVER_UNREACHABLE: database ".*" on 127\.0\.0\.1:\d+ as "postgres" not reached: /,
    );
  });

  it.each([
    { what: 'reset', args: [] },
    { what: 'close', args: [] },
    { what: 'reset', args: ['--in-place'] },
  ] as const)('in the midst of a restore ($what, $args): the database is as it was', async ({ what, args }) => {
    const { database, env, throughProxy } = await scene({ after: 1_000_000, what });
    expect(await respaldo(['backup', '--database'], env)).toMatchObject({ exitCode: 0 });
    await database.query('DELETE FROM noise WHERE i % 2 = 0');
    const before = await contentsOf(database.name);
    const run = await respaldo(['restore', '--latest', '--force', ...args], throughProxy);
    expect(run.exitCode, run.stderr).toBe(3);
    expect(run.stderr).toMatch(/ERROR \w+: .*\nHINT: /s);
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await database.relatives()).toEqual([database.name]);
    expect(await respaldo(['restore', '--latest', '--force'], env)).toMatchObject({ exitCode: 0 });
  });
});
