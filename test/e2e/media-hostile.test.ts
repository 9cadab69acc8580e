import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { backupName } from '../../core/archive-name.js';
import { putBackups } from '../support/catalog.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { forgeArchive } from '../support/forge.js';
import { treeOf } from '../support/tree.js';

type Given = Partial<Header> & { readonly name: string; readonly body?: string };

async function tarOf(entries: readonly Given[]): Promise<Buffer> {
  const tar = pack();
  for (const { body, ...header } of entries) tar.entry(header, body ?? '');
  tar.finalize();
  return buffer(tar as unknown as Readable);
}

async function scene() {
  const folder = await temporaryFolder();
  const root = join(folder, 'area', 'media');
  await mkdir(root, { recursive: true });
  await writeFile(join(root, 'here'), 'before');
  return { folder, root, env: { MEDIA_ROOT: root, BACKUP_DIR: join(folder, 'backups') } };
}

describe('an archive that would write where it may not', () => {
  it.each<{ name: string; entries: Given[]; said: string }>([
    { name: 'an absolute name', entries: [{ name: '/tmp/respaldo-evil', body: 'x' }], said: 'outside of the folder' },
    { name: 'a name upwards', entries: [{ name: '../evil', body: 'x' }], said: 'outside of the folder' },
    {
      name: 'a name that turns upwards',
      entries: [{ name: 'a/../../evil', body: 'x' }],
      said: 'outside of the folder',
    },
    {
      name: 'a long name upwards, in an extended header',
      entries: [{ name: `${'a/'.repeat(200)}${'../'.repeat(201)}evil`, body: 'x' }],
      said: 'outside of the folder',
    },
    { name: 'a folder upwards', entries: [{ name: '../evil/', type: 'directory' }], said: 'outside of the folder' },
    {
      name: 'a link out and a file through it',
      entries: [
        { name: 'a', type: 'symlink', linkname: '../..' },
        { name: 'a/evil', body: 'x' },
      ],
      said: 'outside of the folder',
    },
    {
      name: 'a link within and a file through it',
      entries: [
        { name: 'b/', type: 'directory' },
        { name: 'a', type: 'symlink', linkname: 'b' },
        { name: 'a/evil', body: 'x' },
      ],
      said: 'a link and a folder at once',
    },
    {
      name: 'an absolute link',
      entries: [{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }],
      said: 'is a link to',
    },
    {
      name: 'a chain of links',
      entries: [
        { name: 'd/', type: 'directory' },
        { name: 'd/up', type: 'symlink', linkname: '..' },
        { name: 'd/up2', type: 'symlink', linkname: 'up/../..' },
      ],
      said: 'is a link to',
    },
    { name: 'a hard link out', entries: [{ name: 'a', type: 'link', linkname: '/etc/passwd' }], said: 'is a link to' },
    { name: 'a hard link upwards', entries: [{ name: 'a', type: 'link', linkname: '../../x' }], said: 'is a link to' },
    {
      name: 'a hard link to what is not in it',
      entries: [{ name: 'a', type: 'link', linkname: 'nothing' }],
      said: 'a file that is not in the archive',
    },
    {
      name: 'a file through a file',
      entries: [
        { name: 'a', body: 'x' },
        { name: 'a/b', body: 'x' },
      ],
      said: 'leads through "a"',
    },
    {
      name: 'a device',
      entries: [{ name: 'zero', type: 'character-device', devmajor: 1, devminor: 5 }],
      said: 'a device',
    },
    { name: 'a block device', entries: [{ name: 'disk', type: 'block-device' }], said: 'a device' },
    {
      name: 'the folder itself as a file',
      entries: [{ name: '.', body: 'x' }],
      said: 'would replace the folder itself',
    },
    {
      name: 'the folder itself as a link',
      entries: [{ name: './', type: 'symlink', linkname: 'x' }],
      said: 'would replace the folder itself',
    },
    {
      name: 'a sparse file under another name',
      entries: [{ name: 'a', body: 'x', pax: { 'GNU.sparse.name': '../evil' } }],
      said: 'a sparse file',
    },
  ])('by $name is refused, and nothing is written', { timeout: 120_000 }, async ({ entries, said }) => {
    const { folder, env } = await scene();
    const file = join(folder, 'evil.tar');
    await writeFile(file, await tarOf([{ name: 'fine', body: 'fine' }, ...entries]));
    const before = await treeOf(folder);
    const restore = await respaldo(['restore', file, '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 6 });
    expect(restore.stderr).toContain('ERROR ARCHIVE_UNSAFE');
    expect(restore.stderr).toContain(said);
    const after = await treeOf(folder);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(after['/area/media/here']).toBe(before['/area/media/here']);
    expect(await readdir('/tmp')).not.toContain('respaldo-evil');
  });

  it.each([
    { name: 'is no tar', bytes: async () => Buffer.from('no tar at all'.repeat(100)) },
    { name: 'is empty', bytes: async () => Buffer.alloc(0) },
    {
      name: 'is cut between two files',
      bytes: async () => (await tarOf([{ name: 'a', body: 'x' }])).subarray(0, 1024),
    },
    {
      name: 'is cut within a file',
      bytes: async () => (await tarOf([{ name: 'a', body: 'x'.repeat(5000) }])).subarray(0, 2048),
    },
  ])('a file that $name is told from one', { timeout: 120_000 }, async ({ bytes }) => {
    const { folder, root, env } = await scene();
    const file = join(folder, 'bad.tar');
    await writeFile(file, await bytes());
    const restore = await respaldo(['restore', file, '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 6 });
    expect(restore.stderr).toContain('ERROR ARCHIVE_CORRUPT');
    expect(await readdir(root)).toEqual(['here']);
    expect(await readdir(join(folder, 'area'))).toEqual(['media']);
  });

  it('that holds more than its manifest says is refused as soon as it shows', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await scene();
    const tar = await tarOf([{ name: 'bomb', body: '\0'.repeat(5_000_000) }]);
    const time = new Date();
    await putBackups(env.BACKUP_DIR, [{ time, kind: 'media' }]);
    const manifest = join(env.BACKUP_DIR, 'media', `${backupName('media', time)}.manifest.json`);
    await forgeArchive(manifest, () => gzipSync(tar));
    const restore = await respaldo(['restore', '--latest', '--media', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 6 });
    expect(restore.stderr).toContain('ERROR COMPARISON_DIFFERS: the archive holds more than the 1 files of 1 bytes');
    expect(await readdir(root)).toEqual(['here']);
    expect((await readdir(folder)).sort()).toEqual(['area', 'backups']);
  });
});
