import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

// docker-compose.yml, started as it is, with volumes of its own. The image is built beforehand, with clients of the
// server's major: `docker compose build`. Then
// RESPALDO_COMPOSE='docker compose' RESPALDO_COMPOSE_IMAGE=respaldo-respaldo npx vitest run test/e2e/compose-up.test.ts
const program = (process.env.RESPALDO_COMPOSE ?? '').split(' ').filter(Boolean);
const image = process.env.RESPALDO_COMPOSE_IMAGE ?? 'respaldo-respaldo';
vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });

describe.skipIf(program.length === 0)('docker compose', () => {
  const project = `respaldo-test-${randomBytes(4).toString('hex')}`;
  let folder = '';
  let ours = '';

  async function compose(...args: string[]) {
    const [file = '', ...words] = program;
    const files = ['--project-directory', '.', '--file', 'docker-compose.yml', '--file', ours];
    const done = await execa(file, [...words, '--project-name', project, ...files, ...args], {
      reject: false,
      stdin: 'ignore',
    });
    return { exitCode: done.exitCode, stdout: done.stdout, stderr: done.stderr };
  }
  const respaldo = (...args: string[]) => compose('run', '--rm', '-T', 'respaldo', ...args);
  const inside = (command: string) => compose('exec', '-T', 'respaldo', 'sh', '-c', command);
  const sql = async (statement: string) => {
    const done = await compose('exec', '-T', 'postgres', 'psql', '-U', 'crm', '-d', 'crm', '-Atqc', statement);
    expect(done, done.stderr).toMatchObject({ exitCode: 0 });
    return done.stdout;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'respaldo-test-'));
    ours = join(folder, 'image.json');
    await writeFile(ours, JSON.stringify({ services: { respaldo: { image } } }));
    const up = await compose('up', '--detach', '--wait');
    expect(up, up.stderr).toMatchObject({ exitCode: 0 });
  });
  afterAll(async () => {
    await compose('down', '--volumes');
    await rm(folder, { recursive: true });
  });

  it('keeps the schedules, as nobody special, on a file system that it cannot change', async () => {
    await expect
      .poll(async () => (await compose('logs', 'respaldo')).stdout, { timeout: 20_000 })
      .toMatch(/check is due/);
    expect((await inside('id -u')).stdout).toBe('1000');
    const { stdout: status } = await inside('cat /proc/1/status');
    expect(status).toMatch(/^CapBnd:\s0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s1$/m);
    expect((await inside('touch /opt/respaldo/x')).stderr).toMatch(/Read-only file system/);
    expect(await inside('touch /tmp/x /media/x && rm /media/x && test -w /backups')).toMatchObject({ exitCode: 0 });
  });

  it('finds everything that it needs', async () => {
    const doctor = await respaldo('doctor');
    expect(doctor, doctor.stdout).toMatchObject({ exitCode: 0 });
    expect(doctor.stdout).not.toMatch(/^FAIL/m);
  });

  it('backs up into both storages, lists, and restores', async () => {
    await sql('CREATE TABLE deals AS SELECT i, md5(i::text) AS t FROM generate_series(1, 5000) i');
    await inside('mkdir /media/a && echo kept > /media/a/file');
    const backup = await respaldo('backup', '--full');
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const list = await respaldo('list');
    expect(list.stdout.match(/\| local, s3$/gm)).toHaveLength(2);
    expect(await respaldo('check')).toMatchObject({ exitCode: 0 });
    await sql('DROP TABLE deals');
    await inside('rm -r /media/a');
    expect(await respaldo('restore', '--latest')).toMatchObject({ exitCode: 9 });
    for (const what of [['--latest'], ['--media', '--latest']]) {
      const restore = await respaldo('restore', ...what, '--force');
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    }
    expect(await sql('SELECT count(*) FROM deals')).toBe('5000');
    expect((await inside('cat /media/a/file')).stdout).toBe('kept');
  });

  it('stops within seconds, of itself', async () => {
    const began = Date.now();
    await compose('stop', 'respaldo');
    expect(Date.now() - began).toBeLessThan(15_000);
    const { stdout } = await compose('ps', '--all', '--format', 'json', 'respaldo');
    expect(stdout).toMatch(/"ExitCode":0\b/);
  });
});
