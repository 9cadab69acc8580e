import { createHash } from 'node:crypto';
import { appendFile, chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../container/streams/programs.js';
import type { Manifest } from '../../core/manifest.js';
import { respaldo, untilNamesArePast } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { forgeArchive } from '../support/forge.js';
import { bytesOf } from '../support/listing.js';
import { s3Endpoint, testBucket } from '../support/s3.js';
import { makeTree } from '../support/tree.js';

const hasAge = (await findProgram('age')) !== undefined;

async function scene() {
  const folder = await temporaryFolder();
  const root = join(folder, 'media');
  await mkdir(root);
  return {
    folder,
    root,
    backups: join(folder, 'backups'),
    env: { MEDIA_ROOT: root, BACKUP_DIR: join(folder, 'backups') },
  };
}

async function backUp(env: Record<string, string>, ...args: readonly string[]): Promise<Manifest> {
  const backup = await respaldo(['backup', '--media', '--json', ...args], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  return JSON.parse(backup.stdout)[0].manifest;
}

interface Line {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly mode: string;
  readonly sha256?: string;
}

function linesOf(listing: Buffer): Line[] {
  return listing
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** What other programs say of every file in a folder: the bytes of its path, size, mode, SHA-256. */
async function filesIn(root: string): Promise<Record<string, string>> {
  const found = await execa('find', ['.', '-type', 'f', '-printf', '%P\\0%s\\0%#m\\0'], {
    ...{ cwd: root, encoding: 'latin1', stripFinalNewline: false },
  });
  const files: Record<string, string> = {};
  const fields = found.stdout.split('\0');
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [path = '', size, mode] = fields.slice(at);
    const input = await readFile(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]));
    const { stdout } = await execa('sha256sum', { input });
    files[path] = `${size} ${mode} ${stdout.slice(0, 64)}`;
  }
  return files;
}

/** Puts another archive in the place of a backup's: only the listing knows better. */
async function forge({ root, backups }: { root: string; backups: string }, id: string): Promise<void> {
  const { stdout } = await execa('tar', ['-c', '--format=gnu', '--numeric-owner', '-C', root, '.'], {
    encoding: 'buffer',
    stripFinalNewline: false,
  });
  await forgeArchive(join(backups, 'media', `${id}.manifest.json`), () => Buffer.from(stdout));
}

describe('the listing beside a media archive', { timeout: 240_000 }, () => {
  it('tells what is in each file, whatever its name', async () => {
    const { root, backups, env } = await scene();
    await makeTree(root);
    const scratch = await temporaryFolder();
    const manifest = await backUp({ ...env, TMPDIR: scratch });
    const file = manifest.files.find(({ role }) => role === 'listing');
    expect(file?.key).toBe(`media/${manifest.id}.files.jsonl.gz`);
    const listed = linesOf(gunzipSync(await readFile(join(backups, file?.key ?? ''))));
    // A second name of a file is a link to the first, and which one is the first is tar's choice.
    const second = listed.filter(({ type }) => type === 'link').map(({ path }) => path);
    expect(second).toHaveLength(1);
    const expected = await filesIn(root);
    for (const path of second) delete expected[bytesOf(path)];
    const told = listed
      .filter(({ type }) => type === 'file')
      .map(({ path, size, mode, sha256 }) => [bytesOf(path), `${size} ${mode} ${sha256}`] as const);
    expect(Object.fromEntries(told)).toEqual(expected);
    expect(told).toHaveLength(Object.keys(expected).length);
    expect(listed.filter(({ type }) => type === 'symlink')).toContainEqual({
      ...{ path: 'link', type: 'symlink', size: 0, mode: '0777', target: 'plain.txt' },
    });
    expect(await readdir(scratch)).toEqual([]);
  });

  it('proves an honest backup in a drill', async () => {
    const { root, backups, env } = await scene();
    await makeTree(root);
    const { id, media } = await backUp(env);
    await rm(root, { recursive: true }); // a drill does without it
    const drill = await respaldo(['drill', '--media', '--json'], env);
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
    const record = JSON.parse(drill.stdout);
    expect(record).toMatchObject({ backup: id, passed: true, differences: [], notes: [] });
    expect(record.compared.files).toBe(media?.files);
    expect(record.compared.hashed).toBe((media?.files ?? 0) - 1);
    expect(JSON.parse(await readFile(join(backups, 'media', `${id}.verified.json`), 'utf8'))).toEqual(record);
    expect((await respaldo(['list'], env)).stdout).toMatch(/media_backup_\d+_\d+\.tar\.gz \| verified$/m);
    expect((await respaldo(['check'], { ...env, BACKUP_VERIFIED_MAX_AGE_HOURS: '24' })).stdout).toMatch(
      /^OK {3}\| media proof +\| newest proven backup .* \(limit 24 h\); read in about/m,
    );
    expect(await respaldo(['drill', id], env)).toMatchObject({ exitCode: 0 });
    const records = (await readdir(join(backups, 'media'))).filter((name) => name.includes('.verified'));
    expect(records).toEqual([`${id}.verified.json`, expect.stringMatching(/\.verified_\d{8}_\d{6}\.json$/)]);
    expect(await respaldo(['verify', id], env)).toMatchObject({ exitCode: 0 });
  });

  it.each([
    { what: 'as zstd', args: ['--compression', 'zstd'], hashed: 1 },
    { what: 'bare', args: ['--no-compress'], hashed: 1 },
    { what: 'without a listing', more: { BACKUP_FINGERPRINT: 'counts' }, hashed: 0 },
    { what: 'without one either', more: { BACKUP_FINGERPRINT: 'off' }, hashed: 0 },
  ])('is read in every wrapping: $what', async ({ args = [], more = {}, hashed }) => {
    const { root, backups, env } = await scene();
    await writeFile(join(root, 'only'), 'content');
    await backUp({ ...env, ...more }, ...args);
    expect(await readdir(join(backups, 'media'))).toHaveLength(hashed ? 3 : 2);
    const drill = await respaldo(['drill', '--media', '--json'], env);
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(drill.stdout)).toMatchObject({ compared: { files: 1, hashed } });
    expect(JSON.parse(drill.stdout).notes).toHaveLength(hashed ? 0 : 1);
  });

  it.skipIf(!hasAge)('is encrypted as the archive is', async () => {
    const { root, folder, backups, env } = await scene();
    await writeFile(join(root, 'secret name'), 'content');
    const identity = join(folder, 'identity');
    await execa('age-keygen', ['-o', identity]);
    const { stdout: recipient } = await execa('age-keygen', ['-y', identity]);
    const manifest = await backUp({ ...env, BACKUP_AGE_RECIPIENTS: recipient });
    const { key = '' } = manifest.files.find(({ role }) => role === 'listing') ?? {};
    expect(key).toMatch(/\.files\.jsonl\.gz\.age$/);
    expect((await readFile(join(backups, key), 'latin1')).startsWith('age-encryption.org/v1')).toBe(true);
    expect(await respaldo(['drill', '--media'], env)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('KEY_MISSING'),
    });
    const drill = await respaldo(['drill', '--media'], { ...env, BACKUP_AGE_IDENTITY_FILE: identity });
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('byte for byte') });
  });

  it.each([
    {
      what: 'one byte that changed',
      change: (root: string) => writeFile(join(root, 'b'), 'body of B'),
      says: /"b": its 9 bytes are not the ones that were backed up/,
    },
    { what: 'a file that is missing', change: (root: string) => rm(join(root, 'a')), says: /"a" is missing/ },
    {
      what: 'a file too many',
      change: (root: string) => writeFile(join(root, '0'), ''),
      says: /"0" was not backed up\n.*4 files of 27 bytes are in the archive, the manifest says 3 of 27/,
    },
    {
      what: 'a mode',
      change: (root: string) => chmod(join(root, 'c'), 0o4755),
      says: /"c": its mode is 4755, not 0\d{3}/,
    },
    { what: 'a size', change: (root: string) => appendFile(join(root, 'c'), '!'), says: /"c": its size is 10, not 9/ },
    {
      what: 'a link that leads elsewhere',
      change: async (root: string) => {
        await rm(join(root, 'link'));
        await symlink('b', join(root, 'link'));
      },
      says: /"link": its target is b, not a/,
    },
  ])('finds $what, although every digest is right', async ({ change, says }) => {
    const { root, backups, env } = await scene();
    for (const name of ['a', 'b', 'c']) await writeFile(join(root, name), `body of ${name}`, { mode: 0o644 });
    await symlink('a', join(root, 'link'));
    const { id } = await backUp(env, '--no-compress');
    await forge({ root, backups }, id);
    expect(await respaldo(['drill', id], env)).toMatchObject({ exitCode: 0 });
    await rm(join(backups, 'media', `${id}.verified.json`));
    await change(root);
    await forge({ root, backups }, id);
    const drill = await respaldo(['drill', id], env);
    expect(drill.stderr).toMatch(says);
    expect(drill).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('ERROR COMPARISON_DIFFERS') });
    expect((await respaldo(['list'], env)).stdout).toMatch(/ \| DRILL FAILED$/m);
    expect((await respaldo(['check'], env)).stdout).toMatch(
      /^FAIL \| media proof +\| the last drill failed, of media_/m,
    );
  });

  it.each([
    { which: 'archive', suffix: '.tar.gz' },
    { which: 'listing', suffix: '.files.jsonl.gz' },
  ])('a bit flipped in the $which fails the drill, and verify', async ({ suffix }) => {
    const { root, backups, env } = await scene();
    await makeTree(root);
    const { id } = await backUp(env);
    const path = join(backups, 'media', `${id}${suffix}`);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await chmod(path, 0o600);
    await writeFile(path, bytes);
    const drill = await respaldo(['drill', id], env);
    expect(drill, drill.stderr).toMatchObject({ exitCode: 6 });
    expect(drill.stderr).toMatch(/ERROR (?:DIGEST_DIFFERS|ARCHIVE_CORRUPT)/);
    expect(await respaldo(['verify', id], env)).toMatchObject({ exitCode: 6 });
    await rm(path);
    expect((await respaldo(['check'], env)).exitCode).toBe(8);
  });

  it('goes and comes back with its backup', async () => {
    const { root, backups, env } = await scene();
    await writeFile(join(root, 'only'), 'content');
    const { id } = await backUp(env);
    await backUp(env);
    await untilNamesArePast();
    const cleanup = await respaldo(['cleanup', '--force'], { ...env, BACKUP_RETENTION_DAYS: '0' });
    expect(cleanup, cleanup.stderr).toMatchObject({ exitCode: 0 });
    const left = async () => (await readdir(join(backups, 'media'))).filter((name) => name.startsWith(id));
    expect(await left()).toEqual([]);
    expect(await respaldo(['undelete', id], env)).toMatchObject({ exitCode: 0 });
    expect(await left()).toHaveLength(3);
    expect(await respaldo(['drill', id], env)).toMatchObject({ exitCode: 0 });
    expect(await respaldo(['drill', id, '--media'], env)).toMatchObject({ exitCode: 2 });
    expect(await respaldo(['drill', id, '--sql', 'x'], env)).toMatchObject({ exitCode: 2 });
  });

  it('that cannot be kept anywhere says what to do', async () => {
    const { root, env, folder } = await scene();
    await writeFile(join(root, 'only'), 'content');
    const backup = await respaldo(['backup', '--media'], { ...env, TMPDIR: join(folder, 'nowhere') });
    expect(backup).toMatchObject({ exitCode: 3 });
    expect(backup.stderr).toMatch(/ERROR SOURCE_FAILED: the listing .*nowhere.*\nHINT: .*BACKUP_FINGERPRINT=counts/);
    expect((await respaldo(['list'], env)).stdout).toContain('(0)');
  });
});

describe.skipIf(s3Endpoint() === null)('the listing of a bucket', { timeout: 240_000 }, () => {
  it('tells what is in each object, and proves the backup', async () => {
    const bucket = await testBucket();
    const bodies: Record<string, Buffer> = {
      'plain.jpg': Buffer.from('plain'),
      'folder/ü 覚.jpg': Buffer.from('text'),
      '../up': Buffer.from('up'),
      'folder/': Buffer.alloc(0),
      [`${'long/'.repeat(60)}x`]: Buffer.from('long'),
      'back\\slash': Buffer.from('slash'),
      large: Buffer.alloc(9_000_000, 'large'),
    };
    for (const [key, body] of Object.entries(bodies)) await bucket.put(`media/${key}`, body);
    const env = {
      ...bucket.env,
      MEDIA_ROOT: `s3://${bucket.name}/media`,
      BACKUP_DIR: join(await temporaryFolder(), 'b'),
    };
    const manifest = await backUp({ ...env, BACKUP_STORAGE: 'both' });
    const { key = '' } = manifest.files.find(({ role }) => role === 'listing') ?? {};
    expect(await bucket.keys('backups/')).toContain(`backups/${key}`);
    const listed = linesOf(gunzipSync(await readFile(join(env.BACKUP_DIR, key))));
    const digest = (body: Buffer) => createHash('sha256').update(body).digest('hex');
    expect(listed.map(({ sha256 }) => sha256).toSorted()).toEqual(Object.values(bodies).map(digest).toSorted());
    expect(listed.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['folder/ü 覚.jpg', '%2E%2E/up', 'folder/%', 'back\\\\slash']),
    );
    const drill = await respaldo(['drill', '--media', '--json'], { ...env, BACKUP_STORAGE: 's3' });
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(drill.stdout).compared).toMatchObject({ files: 7, hashed: 7 });
    expect((await respaldo(['list'], { ...env, BACKUP_STORAGE: 's3' })).stdout).toMatch(/\.tar\.gz \| verified$/m);
  });
});
