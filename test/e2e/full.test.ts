import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { makeTree, treeOf } from '../support/tree.js';

async function scene() {
  const database = await testDatabase(crmSample);
  const folder = await temporaryFolder();
  const root = join(folder, 'media');
  await makeTree(root);
  const env = { DATABASE_URL: database.url, MEDIA_ROOT: root, BACKUP_DIR: join(folder, 'backups') };
  return { database, folder, root, env };
}

describe('--full', () => {
  it('backs both up and brings both back', { timeout: 180_000 }, async () => {
    const { database, root, env } = await scene();
    const before = [await contentsOf(database.name), await treeOf(root)];
    const backup = await respaldo(['backup', '--full', '--json'], env);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(backup.stdout)).toMatchObject([{ kind: 'database' }, { kind: 'media' }]);

    await database.query('DELETE FROM deals');
    await rm(join(root, 'deep'), { recursive: true });
    const plan = await respaldo(['restore', '--latest', '--full', '--dry-run', '--json'], env);
    expect(JSON.parse(plan.stdout)).toHaveLength(2);
    const restore = await respaldo(['restore', '--latest', '--full', '--force', '--json'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(restore.stdout)).toMatchObject([
      { kind: 'database', compared: true },
      { kind: 'media', compared: true, into: root },
    ]);
    expect([await contentsOf(database.name), await treeOf(root)]).toEqual(before);

    for (const [command, text] of [
      [['check'], /^OK {3}\| media age .*\n/m],
      [['verify', '--all'], /^OK {3}\| media_backup_/m],
      [['cleanup', '--dry-run'], /^keep {3}\| media_backup_/m],
      [['list'], /^MEDIA {4}\| .*media_backup_\d{8}_\d{6}\.tar\.gz$/m],
    ] as const) {
      const result = await respaldo(command, env);
      expect(result, result.stderr).toMatchObject({ exitCode: 0 });
      expect(result.stdout).toMatch(text);
    }
    const doctor = await respaldo(['doctor'], env);
    expect(doctor.stdout).toMatch(/^OK {3}\| media files: \d+ files/m);
    expect(doctor.stdout).toMatch(/^WARN \| kept folders: .*media\.before_.*\n +fix: .*rm -r '/m);
  });

  it.each([
    {
      name: 'the database',
      broken: { DATABASE_URL: 'postgresql://127.0.0.1:1/x' },
      left: 'media',
      code: 'SERVER_UNREACHABLE',
    },
    { name: 'the media', broken: { MEDIA_ROOT: '/nowhere' }, left: 'database', code: 'MEDIA_MISSING' },
  ])('backs the other up where $name cannot be', { timeout: 120_000 }, async ({ broken, left, code }) => {
    const { env } = await scene();
    const backup = await respaldo(['backup', '--full', '--json'], { ...env, ...broken });
    expect(backup.exitCode).toBe(3);
    expect(backup.stderr).toContain(`ERROR ${code}`);
    expect(JSON.parse(backup.stdout)).toMatchObject([{ kind: left }]);
    expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toMatchObject([{ kind: left }]);
  });

  it('restores the one where the other has no backup, and says so', { timeout: 120_000 }, async () => {
    const { env, root } = await scene();
    const before = await treeOf(root);
    expect(await respaldo(['backup', '--media'], env)).toMatchObject({ exitCode: 0 });
    await writeFile(join(root, 'new'), 'x');
    const restore = await respaldo(['restore', '--latest', '--full', '--force'], env);
    expect(restore.exitCode).toBe(5);
    expect(restore.stderr).toContain('ERROR NO_SUCH_BACKUP: there is no database backup');
    expect(await treeOf(root)).toEqual(before);
  });

  it('refuses what would mean two things', { timeout: 120_000 }, async () => {
    const { env, folder } = await scene();
    await mkdir(join(folder, 'x'));
    const restore = await respaldo(['restore', '--latest', '--full', '--into', 'x', '--force'], env);
    expect(restore).toMatchObject({ exitCode: 2 });
  });
});
