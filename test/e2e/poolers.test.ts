import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { freePort } from '../../container/postgres/free-port.js';
import { findProgram } from '../../container/streams/programs.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';

const pgbouncer = (await findProgram('pgbouncer')) ?? (await findProgram('pgbouncer', '/usr/sbin'));
if (!pgbouncer) process.stderr.write('*** pgbouncer is not installed: its tests are SKIPPED ***\n');

/** A pooler before the tests' server, which gives each transaction whatever session is free. */
async function pooled(database: string): Promise<string> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  const port = await freePort();
  const isRoot = userInfo().uid === 0;
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${database} = host=127.0.0.1 port=${inject('postgres').port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
ignore_startup_parameters = extra_float_digits,options
${isRoot ? 'user = postgres' : ''}
`,
  );
  const child = spawn(pgbouncer ?? '', [join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  onTestFinished(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const opened = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (opened) return `postgresql://postgres@127.0.0.1:${port}/${database}`;
    await delay(50);
  }
  throw new Error('pgbouncer does not answer');
}

describe.skipIf(!pgbouncer)('through a transaction pooler', () => {
  it('a parallel dump is refused before anything is written; a single one works', async () => {
    const database = await testDatabase(crmSample);
    const folder = await temporaryFolder();
    const env = { DATABASE_URL: await pooled(database.name), BACKUP_DIR: folder };
    const parallel = await respaldo(['backup', '--database', '--format', 'parallel'], env);
    expect(parallel.stderr).toMatch(
      /ERROR POOLER_BETWEEN: .*connection pooler.*\nHINT: Give DATABASE_URL the server’s own/,
    );
    expect(parallel.exitCode).toBe(3);
    expect((await respaldo(['list', '--json'], env)).stdout).toBe('[]');

    const before = await contentsOf(database.name);
    const single = await respaldo(['backup', '--database'], env);
    expect(single, single.stderr).toMatchObject({ exitCode: 0 });
    const direct = { ...env, DATABASE_URL: database.url };
    await respaldo(['restore', '--latest', '--into', `${database.name}_copy`], direct);
    expect(await contentsOf(`${database.name}_copy`)).toEqual(before);
  });
});
