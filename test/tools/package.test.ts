import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';

/** What a user's folder has beside the package: its dependencies, and the types of Node. */
async function installed(): Promise<{ folder: string; files: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'respaldo-package-'));
  // The tests' set-up has built it already.
  const pack = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]);
  const [{ filename, files }] = JSON.parse(pack.stdout);
  const home = join(folder, 'node_modules', 'respaldo');
  await mkdir(home, { recursive: true });
  await execa('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1']);
  const { dependencies } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@koromix', '@types/node', 'undici-types']) {
    await mkdir(join(folder, 'node_modules', name, '..'), { recursive: true });
    await symlink(resolve('node_modules', name), join(folder, 'node_modules', name));
  }
  const bin = join(folder, 'node_modules', '.bin');
  await mkdir(bin);
  await symlink('../respaldo/dist/respaldo.js', join(bin, 'respaldo'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return { folder, files: files.map(({ path }: { path: string }) => path) };
}

const usage = `
import { BackupService, OperatorError, type BackupResult, type ListedBackup, type Log } from 'respaldo';

const log: Log = { info: () => {}, warn: () => {}, error: () => {} };
const service = new BackupService({ log });
const { manifest, storedIn }: BackupResult = await service.backupDatabase({ compress: true });
const rows: number = manifest.database?.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0) ?? 0;
const listed: readonly ListedBackup[] = await service.listBackups();
const { database, compared } = await service.restoreDatabase(manifest.id, { into: process.argv[2] ?? '' });
const refused = await service.restoreDatabase('db_backup_20200101_000000').catch((error: unknown) => error);
console.log(JSON.stringify({
  ...{ rows, database, compared, listed: listed.length, storedIn: storedIn.length },
  code: refused instanceof OperatorError ? refused.code : undefined,
}));
`;

describe('the package, in a folder with nothing but its dependencies', { timeout: 240_000 }, () => {
  let folder = '';
  let files: readonly string[] = [];
  beforeAll(async () => {
    ({ folder, files } = await installed());
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has what it runs and what describes it, and nothing else', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        ...[
          'respaldo.js',
          'index.js',
          'dump-thread.js',
          'load-thread.js',
          'gzip-worker.js',
          'tar-listing.js',
          'dump-rows.js',
        ].map((name) => `dist/${name}`),
        ...['dist/frames.wasm', 'dist/types/container/service.d.ts', 'docs/runbook.md', 'README.md', 'CHANGELOG.md'],
      ]),
    );
    const rest = files.filter((path) => !/^(?:dist\/[\w-]+\.js|dist\/types\/.*\.d\.ts|docs\/.*)$/.test(path));
    expect(rest.sort()).toEqual([
      'CHANGELOG.md',
      'README.md',
      'dist/frames.wasm',
      'dist/text-rows.wasm',
      'package.json',
    ]);
    expect(files.filter((path) => path.endsWith('.d.ts')).length).toBeLessThan(30);
  });

  it('backs up and restores from TypeScript, its types checked whole', async () => {
    await writeFile(join(folder, 'use.ts'), usage);
    const [, shown = ''] = /```ts\n(.*?)```/s.exec(await readFile('README.md', 'utf8')) ?? [];
    await writeFile(join(folder, 'readme.ts'), shown);
    const compile = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const compiled = await execa(process.execPath, [tsc, ...compile, 'false', 'use.ts', 'readme.ts'], {
      cwd: folder,
      reject: false,
    });
    expect(compiled.stdout).toBe('');
    const database = await testDatabase(crmSample);
    const into = `${database.name}_copy`;
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await mkdtemp(join(folder, 'backups-')) };
    const { stdout } = await execa(process.execPath, ['use.js', into], { cwd: folder, env });
    expect(JSON.parse(stdout)).toEqual({
      ...{ rows: expect.any(Number), database: into, compared: true, listed: 1, storedIn: 1, code: 'NO_SUCH_BACKUP' },
    });
    expect(await contentsOf(into)).toEqual(await contentsOf(database.name));
  });

  it('can be required, too', async () => {
    const script = "console.log(typeof require('respaldo').BackupService)";
    const { stdout } = await execa(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: folder });
    expect(stdout).toBe('function');
  });

  it('is a command that dumps in parallel', async () => {
    const { url } = await testDatabase(crmSample);
    const env = {
      DATABASE_URL: url,
      BACKUP_DIR: await mkdtemp(join(folder, 'backups-')),
      BACKUP_PARALLEL_TABLE_MB: '0',
    };
    const bin = join(folder, 'node_modules', '.bin', 'respaldo');
    const { exitCode, stderr } = await execa(bin, ['backup', '--database', '--format', 'parallel'], { env });
    expect(exitCode, stderr).toBe(0);
    expect((await execa(bin, ['list'], { env })).stdout).toContain('Backups available (1)');
  });
});
