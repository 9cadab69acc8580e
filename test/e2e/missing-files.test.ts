import { readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';

async function backedUp(args: readonly string[]) {
  const database = await testDatabase(crmSample);
  const folder = await temporaryFolder();
  const env = { DATABASE_URL: database.url, BACKUP_DIR: folder, BACKUP_PARALLEL_TABLE_MB: '0' };
  const backup = await respaldo(['backup', '--database', ...args], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  const names = await readdir(join(folder, 'database'), { recursive: true });
  const find = (pattern: RegExp) => join(folder, 'database', names.find((name) => pattern.test(name)) ?? 'none');
  const [id = ''] = names.filter((name) => name.endsWith('.manifest.json')).map((name) => name.split('.')[0]);
  return { database, env, find, id, folder };
}

describe('a backup of which something is missing', () => {
  it.each([
    { args: ['--format', 'parallel'], pattern: /customers-.*\.zst$/, cut: false, says: /customers-\S+ is missing/ },
    {
      args: ['--format', 'parallel'],
      pattern: /schema\.dump/,
      cut: true,
      says: /schema\.dump\S* has 7 bytes, the manifest/,
    },
    { args: ['--format', 'custom'], pattern: /\.dump/, cut: true, says: /\.dump\S* has 7 bytes, the manifest says/ },
    { args: [], pattern: /\.sql/, cut: true, says: /\.sql\.gz has 7 bytes, the manifest says/ },
  ])('is refused before anything is begun, $args $pattern', async ({ args, pattern, cut, says }) => {
    const { database, env, find, id, folder } = await backedUp(args);
    const path = find(pattern);
    await (cut ? truncate(path, 7) : rm(path));
    const before = await contentsOf(database.name);
    const isParallel = args.includes('parallel');
    for (const named of ['--latest', id, join(folder, 'database', isParallel ? id : (path.split('/').at(-1) ?? ''))]) {
      for (const how of [['--force'], ['--dry-run']]) {
        const restore = await respaldo(['restore', named, ...how], env);
        expect(restore.exitCode, restore.stderr).toBe(6);
        expect(restore.stderr).toMatch(says);
        expect(restore.stderr).toContain('Nothing was begun.');
      }
    }
    expect(await database.relatives()).toEqual([database.name]);
    expect(await contentsOf(database.name)).toEqual(before);
    const drill = await respaldo(['drill', '--latest'], env);
    expect(drill.exitCode).toBe(6);
    expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toMatchObject([{ drillFailed: true }]);
  });

  it('is restored where it can do without', async () => {
    const { database, env, find } = await backedUp(['--with-globals']);
    const before = await contentsOf(database.name);
    await rm(find(/globals/));
    await database.query('DELETE FROM deals');
    const restore = await respaldo(['restore', '--latest', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
  });

  it('gives the tables back that are whole', async () => {
    const { env, find } = await backedUp(['--format', 'parallel']);
    await rm(find(/customers-.*\.zst$/));
    const restore = await respaldo(['restore', '--latest', '--table', 'public.deals', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
  });
});
