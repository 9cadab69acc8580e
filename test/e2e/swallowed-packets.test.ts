import { chmod, symlink, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { connectionFrom } from '../../container/postgres/connection.js';
import { connect } from '../../container/postgres/open-session.js';
import { noticeSwallowing } from '../../container/postgres/unacknowledged.js';
import { readSettings } from '../../core/read-settings.js';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { canSwallow, swallow } from '../support/packets.js';
import { contentsOf, type TestDatabase, testDatabase } from '../support/postgres.js';
import { until } from '../support/processes.js';

const possible = await canSwallow();

async function session(database: TestDatabase, milliseconds?: number) {
  const environment = { DATABASE_URL: database.url, BACKUP_DIR: '/tmp' };
  const client = await connect(await connectionFrom(readSettings(environment), environment), 'test');
  onTestFinished(() => {
    socketOf(client).destroy();
  });
  await noticeSwallowing(client, milliseconds);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return { client, pid: rows[0]?.pid ?? 0, port: socketOf(client).localPort ?? 0 };
}

function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

/** The real programs, but for psql, which waits for four seconds where it would wait for five minutes. */
async function impatientPsql(): Promise<string> {
  const folder = await temporaryFolder();
  const { binDirectory } = inject('postgres');
  for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'initdb', 'postgres'])
    await symlink(join(binDirectory, name), join(folder, name));
  const psql = join(folder, 'psql');
  await writeFile(
    psql,
    `#!/bin/bash\nexec ${binDirectory}/psql "\${@/tcp_user_timeout=300000/tcp_user_timeout=4000}"\n`,
  );
  await chmod(psql, 0o755);
  return folder;
}

describe.skipIf(!possible)('a link that swallows packets', { timeout: 180_000 }, () => {
  it('is noticed by psql while it writes, and the running database is as it was', async () => {
    const database = await testDatabase(
      `CREATE TABLE noise AS SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 100) j) AS t
       FROM generate_series(1, 30000) i`,
    );
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), PG_BINDIR: await impatientPsql() };
    expect(await respaldo(['backup', '--database', '--format', 'plain'], env)).toMatchObject({ exitCode: 0 });
    const before = await contentsOf(database.name);
    const run = startRespaldo(['restore', '--latest', '--force'], env);
    let port = 0;
    await until('psql writes rows', async () => {
      const [writer] = await database.query<{ port: number }>(
        `SELECT client_port AS port FROM pg_stat_activity
         WHERE application_name = 'respaldo psql' AND starts_with(datname, $1) AND query LIKE 'COPY%'`,
        [database.name],
      );
      port = writer?.port ?? 0;
      return port > 0;
    });
    await swallow(port);
    const since = Date.now();
    const { exitCode, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(3);
    expect(stderr).toMatch(/ERROR SERVER_UNREACHABLE: the connection was lost while the dump was loaded/);
    expect(Date.now() - since).toBeLessThan(60_000);
    expect(await contentsOf(database.name)).toEqual(before);
  });

  it('is noticed by a session while it writes', async () => {
    const database = await testDatabase('CREATE TABLE noise (t text)');
    const { client, port } = await session(database, 3_000);
    await swallow(port);
    const line = Buffer.from(`${'x'.repeat(100_000)}\n`);
    const rows = Readable.from(
      (function* () {
        for (;;) yield line;
      })(),
      { objectMode: false },
    );
    const since = Date.now();
    await expect(pipeline(rows, client.query(copyFrom('COPY noise FROM STDIN')))).rejects.toThrow();
    expect(Date.now() - since).toBeLessThan(20_000);
  });

  it('is noticed by the server while it answers', async () => {
    const database = await testDatabase();
    const { client, pid, port } = await session(database);
    client.query('SELECT pg_sleep(1)').catch(() => {});
    await swallow(port);
    await until(
      'the server has let go of the session',
      async () => (await database.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length === 0,
      90,
    );
  });
});
