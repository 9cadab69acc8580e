import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const ruin = "DELETE FROM deals; UPDATE customers SET name = 'gone'; DROP TABLE events";

describe('a database goes out and comes back', () => {
  it.each([
    { name: 'as it is by default', args: [], file: /\.sql\.gz$/ },
    { name: 'with zstd', args: ['--compression', 'zstd'], file: /\.sql\.zst$/ },
    { name: 'uncompressed', args: ['--no-compress'], file: /\.sql$/ },
    { name: 'in custom format', args: ['--format', 'custom'], file: /\.dump\.gz$/ },
    { name: 'in custom format, uncompressed', args: ['--format', 'custom', '--no-compress'], file: /\.dump$/ },
  ])('$name', async ({ args, file }) => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const before = await contentsOf(database.name);

    const backup = await respaldo(['backup', '--database', ...args, '--json'], env);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const [{ manifest }] = JSON.parse(backup.stdout);
    expect(manifest.files[0].key).toMatch(file);
    expect(manifest.database.tables).toContainEqual(
      expect.objectContaining({ schema: 'public', name: 'deals', rows: 2000 }),
    );

    await database.query(ruin);
    const restore = await respaldo(['restore', '--latest', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await database.relatives()).toHaveLength(2);
  });
});

describe.skipIf(s3Endpoint() === null)('through S3', () => {
  it('stores in both places from one dump, and restores from S3 alone', async () => {
    const database = await testDatabase(crmSample);
    const bucket = await testBucket();
    const local = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), ...bucket.env };
    const before = await contentsOf(database.name);
    const backup = await respaldo(['backup', '--database', '--upload-s3'], local);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    expect((await respaldo(['list'], local)).stdout).toMatch(
      /Backups available \(1\):\n-{80}\nDATABASE \| .*\.sql\.gz \| local, s3$/,
    );

    await database.query(ruin);
    const restore = await respaldo(['restore', '--latest', '--force'], { ...local, BACKUP_STORAGE: 's3' });
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
  });
});
