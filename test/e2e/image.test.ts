import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { s3Endpoint, testBucket } from '../support/s3.js';
import { makeTree, treeOf } from '../support/tree.js';

// The images as they run in Fargate: without root, with a root file system that cannot be written, with no capability.
// They are built beforehand: `npm run image`, and the drill's with `-- --build-arg PG_PROGRAMS=server --tag NAME`. Then
// RESPALDO_IMAGE=respaldo RESPALDO_DRILL_IMAGE=NAME npx vitest run test/e2e/image.test.ts
const image = process.env.RESPALDO_IMAGE ?? '';
const drillImage = process.env.RESPALDO_DRILL_IMAGE ?? '';
vi.setConfig({ testTimeout: 180_000 });

const restricted = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges', '--network', 'host'];

async function engine(): Promise<string> {
  for (const name of ['docker', 'podman', 'finch']) {
    const { exitCode } = await execa(name, ['info'], { reject: false, stdio: 'ignore' });
    if (exitCode === 0) return name;
  }
  throw new Error('RESPALDO_IMAGE is set, but none of docker, podman and finch works');
}

interface Container {
  readonly env: Readonly<Record<string, string>>;
  /** Host folder to folder in the container. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  readonly of?: string;
}

async function inContainer(args: readonly string[], { env, mounts = {}, options = [], of = image }: Container) {
  const { exitCode, stdout, stderr } = await execa(
    await engine(),
    [
      ...['run', '--rm', ...restricted, ...options],
      ...Object.entries(mounts).flatMap(([from, to]) => ['--volume', `${from}:${to}`]),
      ...Object.keys(env).flatMap((name) => ['--env', name]),
      of,
      ...args,
    ],
    { env, reject: false },
  );
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

/** A folder of the user that the image runs as. */
async function folderForImage(): Promise<string> {
  const folder = join(await temporaryFolder(), 'folder');
  await mkdir(folder);
  await chown(folder, 1000, 1000);
  return folder;
}

describe.skipIf(image === '')('the image', () => {
  it('runs as nobody special, on a file system that it cannot change', async () => {
    const shell = (command: string) => inContainer(['-c', command], { env: {}, options: ['--entrypoint', '/bin/sh'] });
    expect((await shell('id -u')).stdout).toBe('1000');
    for (const path of ['/opt/respaldo/x', '/usr/local/bin/x', '/home/node/x', '/x']) {
      expect((await shell(`touch ${path}`)).stderr, path).toMatch(/Read-only file system/);
    }
    expect((await shell('touch /tmp/x /backups/x')).exitCode).toBe(0);
    expect((await shell('command -v npm apt-key')).stdout).toBe('');
  });

  it('finds everything that it needs', async () => {
    const doctor = await inContainer(['doctor'], { env: {} });
    expect(doctor.stdout + doctor.stderr).toMatch(/OK {3}\| pg_dump, psql, pg_restore: /);
    expect(doctor.stdout + doctor.stderr).not.toMatch(/^FAIL/m);
    expect(doctor.exitCode).toBe(0);
  });

  it('has the libraries of parallel dumps, which would be slow without them, and not fail', async () => {
    const program = `
      import koffi from '/opt/respaldo/node_modules/koffi/index.js';
      import { readFileSync } from 'node:fs';
      koffi.load('libzstd.so.1', { deep: true });
      const frames = await WebAssembly.compile(readFileSync('/opt/respaldo/frames.wasm'));
      console.log(WebAssembly.Module.exports(frames).length > 0);`;
    const node = await inContainer(['--input-type=module', '--eval', program], {
      env: {},
      options: ['--entrypoint', 'node'],
    });
    expect(node, node.stderr).toMatchObject({ exitCode: 0, stdout: 'true' });
  });

  it('says what is missing where it is asked for a drill, which takes the other image', async () => {
    const database = await testDatabase(crmSample);
    const container = { env: { DATABASE_URL: database.url }, mounts: { [await folderForImage()]: '/backups' } };
    const backup = await inContainer(['backup', '--database'], container);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const drill = await inContainer(['drill'], { ...container, env: {} });
    expect(drill.exitCode, drill.stderr).toBe(2);
    expect(drill.stderr).toMatch(/^ERROR PROGRAM_MISSING: .* no PostgreSQL \d+ server is installed here .*\nHINT: /m);
  });

  it.each(['plain', 'custom', 'parallel'])('backs a database up as %s, lists it, and restores it', async (format) => {
    const database = await testDatabase(crmSample);
    const before = await contentsOf(database.name);
    const env = { DATABASE_URL: database.url, BACKUP_PARALLEL_TABLE_MB: '0' };
    const container = { env, mounts: { [await folderForImage()]: '/backups' } };
    const backup = await inContainer(['backup', '--database', '--format', format], container);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const list = await inContainer(['list'], container);
    expect(list.stdout).toMatch(/Backups available \(1\):/);
    await database.query('DROP TABLE deals CASCADE');
    const restore = await inContainer(['restore', '--latest', '--force'], container);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
  });

  it('backs media files up, reads them through, and restores them', async () => {
    const root = await folderForImage();
    await makeTree(join(root, 'media'));
    await execa('chown', ['-R', '1000:1000', root]);
    const before = await treeOf(join(root, 'media'));
    const mounts = { [root]: '/data', [await folderForImage()]: '/backups' };
    const container = { env: { MEDIA_ROOT: '/data/media' }, mounts };
    const backup = await inContainer(['backup', '--media'], container);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const drill = await inContainer(['drill', '--media'], container);
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
    await execa('rm', ['-rf', join(root, 'media', 'deep')]);
    const restore = await inContainer(['restore', '--media', '--latest', '--force'], container);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await treeOf(join(root, 'media'))).toEqual(before);
  });

  it('runs as any number, and says by it who needs a right', async () => {
    const database = await testDatabase(crmSample);
    const [data, media] = [await folderForImage(), await folderForImage()];
    const container = {
      env: { DATABASE_URL: database.url, MEDIA_ROOT: '/media' },
      mounts: { [data]: '/backups', [media]: '/media' },
      options: ['--user', '4321'],
    };
    await writeFile(join(media, 'a.txt'), 'a');
    await chmod(data, 0o700);
    const denied = await inContainer(['backup', '--full'], container);
    expect(denied.exitCode, denied.stderr).toBe(4);
    expect(denied.stderr).toMatch(/^HINT: Give the user who runs respaldo \(uid 4321\) the right to it/m);
    await chown(data, 4321, 4321);
    const backup = await inContainer(['backup', '--full'], container);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const restore = await inContainer(['restore', '--media', '--latest', '--force'], container);
    expect(restore.stderr).toMatch(/^ERROR RESTORE_FAILED: .*\nHINT: .*uid 4321/m);
    const readOnly = { ...container, mounts: { [data]: '/backups', [media]: '/media:ro' } };
    const mounted = await inContainer(['restore', '--media', '--latest', '--force'], readOnly);
    expect(mounted.stderr).toMatch(/^ERROR RESTORE_FAILED: .*\nHINT: \/media is mounted read-only/m);
    await chown(media, 4321, 4321);
    expect(await inContainer(['restore', '--full', '--latest', '--force'], container)).toMatchObject({ exitCode: 0 });
  });

  it.skipIf(s3Endpoint() === null)('backs up into a bucket, with nothing of its own to write to', async () => {
    const database = await testDatabase(crmSample);
    const bucket = await testBucket();
    const env = { DATABASE_URL: database.url, ...bucket.env, BACKUP_STORAGE: 's3', BACKUP_LOG: 'json' };
    const backup = await inContainer(['backup', '--database'], { env });
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const verify = await inContainer(['verify', '--all'], { env });
    expect(verify, verify.stderr).toMatchObject({ exitCode: 0 });
  });

  it('ends in order when it is told to stop, and leaves nothing half-done', async () => {
    const database = await testDatabase(
      `CREATE TABLE big AS SELECT i, repeat(md5(i::text), 20) AS t FROM generate_series(1, 300000) i`,
    );
    const backups = await folderForImage();
    const name = `respaldo-test-${randomBytes(6).toString('hex')}`;
    const program = await engine();
    onTestFinished(async () => void (await execa(program, ['rm', '--force', name], { reject: false })));
    const container = { env: { DATABASE_URL: database.url }, mounts: { [backups]: '/backups' } };
    const running = inContainer(['backup', '--database', '--format', 'parallel', '--max-rate', '1'], {
      ...container,
      options: ['--name', name],
    });
    for (let waited = 0; waited < 300; waited += 1) {
      const [session] = await database.query<{ count: string }>(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY %'`,
      );
      if (Number(session?.count) > 0) break;
      await delay(100);
    }
    const began = Date.now();
    await execa(program, ['stop', '--time', '30', name]);
    const ended = await running;
    expect(Date.now() - began).toBeLessThan(15_000);
    expect(ended.exitCode, ended.stderr).toBe(143);
    expect(ended.stderr).toMatch(/TERMINATED: interrupted by SIGTERM/);
    const { stdout: left } = await execa('find', [backups, '-type', 'f']);
    expect(left).toBe('');
  });
});

describe.skipIf(drillImage === '')('the image for drills', () => {
  it.each(['plain', 'custom', 'parallel'])(
    'restores a %s backup into a server of its own, and proves it',
    async (format) => {
      const database = await testDatabase(crmSample);
      const container = { env: { DATABASE_URL: database.url }, mounts: { [await folderForImage()]: '/backups' } };
      const backup = await inContainer(['backup', '--database', '--format', format], { ...container, of: drillImage });
      expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
      // As in Fargate, it knows nothing of the live database.
      const drill = await inContainer(['drill'], { ...container, env: {}, of: drillImage });
      expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
      expect(drill.stdout + drill.stderr).toMatch(/is proven: it restores in/);
    },
  );
});
