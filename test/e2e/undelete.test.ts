import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { respaldo, untilNamesArePast } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

interface Place {
  readonly env: Record<string, string>;
}

const places: { name: string; skip: boolean; open: () => Promise<Place> }[] = [
  { name: 'a folder', skip: false, open: async () => ({ env: { BACKUP_DIR: await temporaryFolder() } }) },
  {
    name: 'a versioned bucket',
    skip: s3Endpoint() === null,
    open: async () => {
      const { env, client, name } = await testBucket();
      await client.send(
        new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }),
      );
      return { env: { ...env, BACKUP_STORAGE: 's3' } };
    },
  },
];

describe.each(places.filter(({ skip }) => !skip))('undelete in $name', ({ open }) => {
  it.each([{ format: 'plain' }, { format: 'parallel' }])('brings a $format backup back, whole', async ({ format }) => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_PARALLEL_TABLE_MB: '0', ...(await open()).env };
    const before = await contentsOf(database.name);
    const backup = await respaldo(['backup', '--database', '--format', format, '--json'], env);
    const [{ id }] = JSON.parse(backup.stdout);
    await respaldo(['backup', '--database'], env);
    expect(await respaldo(['undelete', id], env)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('was not removed'),
    });
    await untilNamesArePast();
    const cleanup = await respaldo(['cleanup', '--force'], { ...env, BACKUP_RETENTION_DAYS: '0' });
    expect(cleanup, cleanup.stderr).toMatchObject({ exitCode: 0 });
    expect((await respaldo(['list'], env)).stdout).not.toContain(id);
    expect((await respaldo(['undelete', '--list'], env)).stdout).toMatch(
      new RegExp(`\\(1\\):\\n-{80}\\n${id} \\| .* MB \\| removed `),
    );

    expect(await respaldo(['undelete', id], env)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`${id} is in `),
    });
    expect((await respaldo(['list'], env)).stdout).toContain(id);
    expect(await respaldo(['verify', id], env)).toMatchObject({ exitCode: 0 });
    await respaldo(['restore', id, '--into', `${database.name}_again`], env);
    expect(await contentsOf(`${database.name}_again`)).toEqual(before);
    expect(JSON.parse((await respaldo(['undelete', '--list', '--json'], env)).stdout)).toEqual([]);
  });
});

describe('what cannot be brought back', () => {
  it.each([
    { args: ['undelete', 'db_backup_20200101_000000'], exitCode: 5, says: 'NO_SUCH_BACKUP' },
    { args: ['undelete', 'nonsense'], exitCode: 5, says: 'NO_SUCH_BACKUP' },
    { args: ['undelete'], exitCode: 2, says: 'USAGE' },
    { args: ['undelete', 'db_backup_20200101_000000', '--list'], exitCode: 2, says: 'USAGE' },
  ])('$args', async ({ args, exitCode, says }) => {
    const env = { BACKUP_DIR: await temporaryFolder() };
    expect(await respaldo(args, env)).toMatchObject({ exitCode, stderr: expect.stringContaining(says) });
  });

  it('is gone at once, with all that was removed earlier, where nothing is to be kept', async () => {
    const database = await testDatabase(crmSample);
    const folder = await temporaryFolder();
    const env = { DATABASE_URL: database.url, BACKUP_DIR: folder, BACKUP_RETENTION_DAYS: '0' };
    for (let runs = 0; runs < 2; runs += 1) await respaldo(['backup', '--database'], env);
    await untilNamesArePast();
    await respaldo(['cleanup', '--force'], env);
    expect(await readdir(folder)).toContain('.trash');
    await respaldo(['backup', '--database'], env);
    await untilNamesArePast();
    await respaldo(['cleanup', '--force'], { ...env, BACKUP_UNDO_DAYS: '0' });
    expect(await readdir(folder)).toEqual(['database']);
    expect(await readdir(join(folder, 'database'))).toHaveLength(2);
  });
});
