import { execa } from 'execa';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { canMakeHosts, makeHosts } from '../../tools/bench/hosts.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const possible = s3Endpoint() !== null && (await canMakeHosts());
if (!possible)
  process.stderr.write(
    '\n*** no network namespaces (root, iproute2) or no moto here: THE TEST OF SEVERAL HOSTS IS SKIPPED ***\n\n',
  );

describe.skipIf(!possible)('three hosts', { timeout: 300_000 }, () => {
  it('share a dump and a restore over the network, and it comes out as ever', async () => {
    const hosts = await makeHosts(3, 20_000_000);
    onTestFinished(hosts.remove);
    const database = await testDatabase(crmSample);
    const bucket = await testBucket();
    const server = await hosts.forward(inject('postgres').port);
    const storage = await hosts.forward(Number(new URL(s3Endpoint() ?? '').port));
    const program = [process.execPath, 'dist/respaldo.js'];
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...bucket.env,
      DATABASE_URL: `postgresql://postgres@${server.host}:${server.port}/${database.name}`,
      AWS_ENDPOINT_URL: `http://${storage.host}:${storage.port}`,
      BACKUP_STORAGE: 's3',
      BACKUP_PARALLEL_TABLE_MB: '0',
      BACKUP_PARALLEL_PART_MB: '0.05',
      BACKUP_TASKS: '3',
      BACKUP_TASKS_ADDRESS: hosts.address(1),
      BACKUP_TASKS_COMMAND: [...hosts.enter('{n}'), ...program].join(' '),
    };
    const onFirst = async (...args: string[]) => {
      const [file = '', ...before] = [...hosts.enter(1), ...program];
      const { exitCode, stderr } = await execa(file, [...before, ...args], {
        env,
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
        timeout: 200_000,
      });
      expect(exitCode, stderr).toBe(0);
      return stderr;
    };
    // So slow that the others come in time.
    const said = await onFirst('backup', '--database', '--format', 'parallel', '--jobs', '1', '--max-rate', '0.1');
    expect(said.match(/has joined/g)).toHaveLength(2);
    expect(said).not.toMatch(/was lost|goes on alone/);
    await onFirst('restore', '--latest', '--into', `${database.name}_copy`, '--jobs', '1');
    expect(await contentsOf(`${database.name}_copy`)).toEqual(await contentsOf(database.name));
  });
});
