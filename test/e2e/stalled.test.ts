import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, query, testDatabase } from '../support/postgres.js';
import { childrenOf, until } from '../support/processes.js';
import { s3Proxy, tcpProxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

/** Some megabytes: enough for a connection that carries rows to be told from those that ask. */
const sample = `CREATE TABLE noise AS SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 100) j) AS t
  FROM generate_series(1, 1500) i`;
/** Three seconds. */
const limit = { BACKUP_STALL_MINUTES: '0.05', BACKUP_PARALLEL_TABLE_MB: '0.1' };

async function scene(sql = sample) {
  const database = await testDatabase(sql);
  const { port } = inject('postgres');
  const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), ...limit };
  const silent = await tcpProxy(port, () => ({ after: 1_000_000, what: 'stall' }));
  return { database, env, throughProxy: { ...env, DATABASE_URL: database.url.replace(`:${port}/`, `:${silent}/`) } };
}

describe('what falls silent is ended, and named', { timeout: 300_000 }, () => {
  it.each([
    { name: 'plain', args: [] },
    { name: 'custom', args: ['--format', 'custom'] },
    { name: 'parallel', args: ['--format', 'parallel', '--jobs', '2'] },
  ])('the connection of a backup: $name', async ({ args }) => {
    const { env, throughProxy } = await scene();
    const started = Date.now();
    const run = await respaldo(['backup', '--database', ...args], throughProxy);
    expect(run.exitCode, run.stderr).toBe(3);
    expect(run.stderr).toMatch(
      /ERROR STALLED: nothing has moved for 3s \(dumping, .* so far\): the server was waited for.*\nHINT: /,
    );
    expect(Date.now() - started).toBeLessThan(30_000);
    expect((await respaldo(['list'], env)).stdout).toContain('Backups available (0)');
    expect(await respaldo(['backup', '--database', ...args], env)).toMatchObject({ exitCode: 0 });
  });

  it.each([
    { name: 'plain', backup: [], restore: [] },
    { name: 'plain, in place', backup: [], restore: ['--in-place'] },
    { name: 'parallel', backup: ['--format', 'parallel'], restore: ['--jobs', '2'] },
  ])('the connection of a restore: $name', async ({ backup, restore }) => {
    const { database, env, throughProxy } = await scene();
    expect(await respaldo(['backup', '--database', ...backup], env)).toMatchObject({ exitCode: 0 });
    await database.query('DELETE FROM noise WHERE i % 2 = 0');
    const before = await contentsOf(database.name);
    const run = await respaldo(['restore', '--latest', '--force', ...restore], throughProxy);
    expect(run.exitCode, run.stderr).toBe(3);
    expect(run.stderr).toContain('ERROR STALLED: nothing has moved for 3s');
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await database.relatives()).toEqual([database.name]);
  });

  it('tar, stopped by somebody', async () => {
    const media = await temporaryFolder();
    // Takes no disk, and tar seconds: it is not done before it is found.
    await writeFile(join(media, 'nothing'), '');
    await truncate(join(media, 'nothing'), 8_000_000_000);
    const env = { MEDIA_ROOT: media, BACKUP_DIR: await temporaryFolder(), ...limit };
    const run = startRespaldo(['backup', '--media'], env);
    await until('tar is stopped', async () => {
      const tar = (await childrenOf(run.pid as number)).find(({ name }) => name === 'tar');
      if (tar) process.kill(tar.pid, 'SIGSTOP');
      return tar !== undefined;
    });
    const { exitCode, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(3);
    expect(String(stderr)).toMatch(/ERROR STALLED: .*the media files were waited for/);
    expect((await respaldo(['list'], env)).stdout).toContain('Backups available (0)');
  });
});

describe.skipIf(s3Endpoint() === null)('one table that comes back slowly', { timeout: 300_000 }, () => {
  it.each([
    { name: 'plain', args: [] },
    { name: 'custom', args: ['--format', 'custom'] },
    { name: 'parallel', args: ['--format', 'parallel'] },
  ])('is not ended while its bytes come: $name', async ({ args }) => {
    const { database, env } = await scene();
    const bucket = await testBucket();
    const proxy = await s3Proxy(s3Endpoint() as string);
    const s3 = { ...env, ...bucket.env, AWS_ENDPOINT_URL: proxy.endpoint, BACKUP_STORAGE: 's3' };
    expect(await respaldo(['backup', '--database', ...args], s3)).toMatchObject({ exitCode: 0 });
    // Each break costs a quarter of a second, which makes three times the limit.
    proxy.fail(({ operation, key }) =>
      operation === 'GetObject' && !key.endsWith('.manifest.json') ? { resetAfter: 60_000 } : undefined,
    );
    const started = Date.now();
    const run = await respaldo(['restore', '--latest', '--table', 'noise', '--as', 'back'], s3);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(Date.now() - started).toBeGreaterThan(6_000);
    expect(await database.query('TABLE noise EXCEPT TABLE back')).toEqual([]);
  });
});

describe('a server that works in silence is waited for', { timeout: 300_000 }, () => {
  it.each([
    { name: 'plain', args: [] },
    { name: 'parallel', args: ['--format', 'parallel'] },
  ])('while a restore builds an index: $name', async ({ args }) => {
    const { database, env } = await scene(`
      CREATE TABLE things AS SELECT i, repeat(md5(i::text), 100) AS t FROM generate_series(1, 100) i;
      CREATE FUNCTION slowly(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN i; END';
      CREATE INDEX ON things (slowly(i));
      CREATE OR REPLACE FUNCTION slowly(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN i; END'`);
    expect(await respaldo(['backup', '--database', ...args], env)).toMatchObject({ exitCode: 0 });
    const run = await respaldo(['restore', '--latest', '--force'], env);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toContain('nothing moves, and the server is at work: it is waited for');
    expect(await database.relatives()).toHaveLength(2);
  });

  it('while a backup waits for a lock', async () => {
    const { database, env } = await scene();
    const locked = query(database.name, 'BEGIN; LOCK TABLE noise; SELECT pg_sleep(8); COMMIT');
    await until('the table is locked', async () => {
      const rows = await query(
        database.name,
        "SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'noise'::regclass AND granted",
      );
      return rows.length > 0;
    });
    const run = await respaldo(['backup', '--database'], env);
    expect(run.exitCode, run.stderr).toBe(0);
    await locked;
  });
});
