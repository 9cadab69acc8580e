import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { bound, mediaScene, takeMediaBackup } from '../support/media.js';
import { makeTree, treeOf } from '../support/tree.js';

describe('a folder of media files goes out and comes back', () => {
  it.each([
    { name: 'as it is by default', args: [], file: /\.tar\.gz$/ },
    { name: 'with zstd', args: ['--compression', 'zstd'], file: /\.tar\.zst$/ },
    { name: 'uncompressed', args: ['--no-compress'], file: /\.tar$/ },
  ])('$name', { timeout: 120_000 }, async ({ args, file }) => {
    const { folder, root, env } = await mediaScene();
    await makeTree(root);
    const before = await treeOf(root);
    const manifest = await takeMediaBackup(env, ...args);
    expect(manifest.files[0].key).toMatch(file);
    expect(manifest.warnings).toEqual([]);
    const { stdout: found } = await execa('find', [root, '-type', 'f', '-printf', '.']);
    expect(manifest.media).toMatchObject({ source: root, files: found.length, links: 2 });

    await rm(join(root, 'deep'), { recursive: true });
    await writeFile(join(root, 'plain.txt'), 'ruined');
    const ruined = await treeOf(root);
    const restore = await respaldo(['restore', '--latest', '--media', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await treeOf(root)).toEqual(before);
    const kept = /kept as "(.*)"$/m.exec(restore.stdout)?.[1] ?? '';
    expect(await treeOf(kept)).toEqual(ruined);
    expect((await readdir(folder)).length).toBe(3);
    expect((await stat(join(root, 'plain.txt'))).ino).toBe((await stat(join(root, 'deep/second name'))).ino);
  });

  it('into another folder, by its id, replacing nothing', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await mediaScene();
    await makeTree(root);
    const { id } = await takeMediaBackup(env);
    const into = join(folder, 'elsewhere');
    const restore = await respaldo(['restore', id, '--into', into], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await treeOf(into)).toEqual(await treeOf(root));
    expect((await readdir(folder)).sort()).toEqual(['backups', 'elsewhere', 'media']);
    expect(await respaldo(['restore', id, '--into', into], env)).toMatchObject({ exitCode: 2 });
  });

  it('where the folder is gone altogether', { timeout: 120_000 }, async () => {
    const { root, env } = await mediaScene();
    await makeTree(root);
    const before = await treeOf(root);
    await takeMediaBackup(env);
    await rm(root, { recursive: true });
    const restore = await respaldo(['restore', '--latest', '--media', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(restore.stdout).not.toContain('kept');
    expect(await treeOf(root)).toEqual(before);
  });

  it('inside a folder that must stay, because its parent may not be written', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await mediaScene();
    await makeTree(root);
    const before = await treeOf(root);
    await takeMediaBackup(env);
    await rm(join(root, 'deep'), { recursive: true });
    await chmod(folder, 0o555);
    const restore = await bound(['restore', '--latest', '--media', '--force'], env);
    await chmod(folder, 0o755);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    const kept = /kept as "(.*\/\.respaldo-before_.*)"$/m.exec(restore.stdout)?.[1] ?? '';
    expect(await readdir(kept)).not.toContain('deep');
    await rename(kept, join(folder, 'kept'));
    const { '': _, ...after } = await treeOf(root);
    const { '': __, ...was } = before;
    expect(after).toEqual(was);
  });

  it('does not take what an earlier restore kept inside, nor the backups themselves', {
    timeout: 120_000,
  }, async () => {
    const { root, env } = await mediaScene();
    const within = { ...env, BACKUP_DIR: join(root, 'backups') };
    await writeFile(join(root, 'a'), 'a');
    await mkdir(join(root, '.respaldo-before_20240101_000000'));
    await writeFile(join(root, '.respaldo-before_20240101_000000/old'), 'old');
    await takeMediaBackup(within);
    expect((await takeMediaBackup(within)).media).toMatchObject({ files: 1, folders: 1 });
  });

  it('with patterns left out, from the settings and the command line', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await mediaScene();
    for (const name of ['a.jpg', 'a.tmp', 'cache/b.jpg', 'c.log']) {
      await mkdir(join(root, name, '..'), { recursive: true });
      await writeFile(join(root, name), name);
    }
    const manifest = await takeMediaBackup({ ...env, BACKUP_MEDIA_EXCLUDE: '*.tmp,cache' }, '--exclude', '*.log');
    expect(manifest.media).toMatchObject({ files: 1, exclude: ['*.tmp', 'cache', '*.log'] });
    await respaldo(['restore', '--latest', '--media', '--into', join(folder, 'out')], env);
    expect(await readdir(join(folder, 'out'))).toEqual(['a.jpg']);
  });

  it('of another program, unvouched', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await mediaScene();
    await makeTree(root);
    const before = await treeOf(root);
    for (const [name, flags] of [
      ['old.tar.gz', ['-cz', '--format=gnu']],
      ['old.tgz', ['-cz', '--format=gnu']],
      ['old.tar', ['-c', '--format=gnu', '--owner=nobody']],
      // Pax says that names are UTF-8; GNU tar writes those that are none into it all the same.
      ['pax.tar', ['-c', '--format=pax', '--exclude=bytes*']],
    ] as const) {
      const file = join(folder, name);
      await execa('tar', [...flags, '-f', file, '-C', root, '.']);
      const restore = await respaldo(['restore', file, '--force'], env);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
      expect(restore.stderr).toContain('nothing vouches for its bytes');
      // Who may act as whom is not for a file that nobody vouches for.
      const expected: Record<string, string> = { ...before, '/empty': before['/empty']?.replace('2750', '750') ?? '' };
      if (name === 'pax.tar') delete expected['/bytes \xff\xc3('];
      expect(await treeOf(root)).toEqual(expected);
    }
  });
});
