import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import pg from 'pg';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { freePort } from '../../container/postgres/free-port.js';
import { startThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';

const wide = `
  CREATE TABLE wide (id int PRIMARY KEY, t text);
  INSERT INTO wide SELECT i, string_agg(md5(i::text || j), '') FROM generate_series(1, 4000) i, generate_series(1, 30) j GROUP BY i;`;

async function run(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A server, and a hot standby of it that ends sessions which its replay has to wait for after `delaySeconds`. */
async function replicated(delaySeconds: number) {
  const { binDirectory } = inject('postgres');
  const primary = await startThrowawayServer({
    binDirectory,
    parent: tmpdir(),
    settings: ['wal_level=replica', 'max_wal_senders=5', 'full_page_writes=on', 'autovacuum=off'],
  });
  onTestFinished(() => primary.stop());
  await run(primary.url('postgres'), wide);
  const folder = await mkdtemp(join(tmpdir(), 'respaldo-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o777);
  const data = join(folder, 'data');
  const port = await freePort();
  const as =
    userInfo().uid === 0
      ? {
          uid: Number((await execa('id', ['-u', 'postgres'])).stdout),
          gid: Number((await execa('id', ['-g', 'postgres'])).stdout),
        }
      : {};
  const options = { ...as, cwd: folder };
  await execa(
    join(binDirectory, 'pg_basebackup'),
    ['-R', '--no-sync', '-c', 'fast', '-d', primary.url('postgres'), '-D', data],
    options,
  );
  const lines = [`port=${port}`, `max_standby_streaming_delay=${delaySeconds}s`, 'hot_standby=on'];
  await appendFile(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  const standby = spawn(join(binDirectory, 'postgres'), ['-D', data], { ...options, stdio: 'ignore' });
  onTestFinished(async () => {
    const exited = once(standby, 'exit');
    standby.kill('SIGINT');
    await exited;
  });
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  for (let tries = 0; ; tries += 1) {
    const rows = await run(url, 'SELECT pg_is_in_recovery() AS standby').catch(() => []);
    if (rows[0]?.standby) return { primary: primary.url('postgres'), standby: url };
    if (tries > 300) throw new Error('the standby does not answer');
    await delay(100);
  }
}

describe('a standby', () => {
  it('is dumped in parallel like any server, and when its replay ends the snapshot, that is told', async () => {
    const { primary, standby } = await replicated(0);
    const env = {
      DATABASE_URL: standby,
      BACKUP_DIR: await temporaryFolder(),
      BACKUP_PARALLEL_TABLE_MB: '0',
      BACKUP_PARALLEL_PART_MB: '0.2',
    };
    const parallel = ['backup', '--database', '--format', 'parallel', '--jobs', '2'];
    const good = await respaldo(parallel, env);
    expect(good, good.stderr).toMatchObject({ exitCode: 0 });
    expect(await respaldo(['drill'], env)).toMatchObject({ exitCode: 0 });

    const backup = startRespaldo([...parallel, '--max-rate', '0.5'], env);
    for (let tries = 0; tries < 200; tries += 1) {
      const [row] = await run(
        standby,
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE '%worker'",
      );
      if (row?.n > 0) break;
      await delay(50);
    }
    await run(primary, "UPDATE wide SET t = 'x'");
    await run(primary, 'VACUUM wide');
    const { exitCode, stderr } = await backup;
    expect(String(stderr)).toMatch(/ERROR SNAPSHOT_LOST: .*\nHINT: On a standby/);
    expect(exitCode).toBe(3);
    expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toHaveLength(1);
  });
});
