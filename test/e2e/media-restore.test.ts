import { chmod, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { mediaScene, startBound, takeMediaBackup } from '../support/media.js';
import { makeTree, treeOf } from '../support/tree.js';

describe('a media restore', () => {
  it('plans without changing anything, and asks before it replaces', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await mediaScene();
    await makeTree(root);
    const before = await treeOf(root);
    await takeMediaBackup(env);
    const plan = await respaldo(['restore', '--latest', '--media', '--dry-run'], env);
    expect(plan.stdout).toMatch(
      /Plan: restore media_backup_.*holds +\d+ files.*becomes .*\.before_.*Nothing has been/s,
    );
    const refused = await respaldo(['restore', '--latest', '--media'], env);
    expect(refused).toMatchObject({ exitCode: 9 });
    expect(refused.stderr).toContain('ERROR NOT_CONFIRMED');
    expect(await treeOf(root)).toEqual(before);
    expect((await readdir(folder)).sort()).toEqual(['backups', 'media']);
  });

  it('of a damaged archive leaves the folder as it was, wherever the bit is', { timeout: 240_000 }, async () => {
    const { folder, root, env } = await mediaScene();
    await makeTree(root);
    const manifest = await takeMediaBackup(env);
    const archive = join(env.BACKUP_DIR, manifest.files[0].key);
    const good = await readFile(archive);
    await writeFile(join(root, 'newer'), 'kept');
    const before = await treeOf(root);
    for (let round = 0; round < 6; round += 1) {
      const bytes = Buffer.from(good);
      if (round === 5) await writeFile(archive, bytes.subarray(0, bytes.length / 2));
      else {
        const at = Math.floor((bytes.length - 1) * (round / 4));
        bytes[at] = (bytes[at] ?? 0) ^ 4;
        await writeFile(archive, bytes);
      }
      const restore = await respaldo(['restore', '--latest', '--media', '--force'], env);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 6 });
      expect(await treeOf(root)).toEqual(before);
      expect((await readdir(folder)).sort()).toEqual(['backups', 'media']);
    }
    await writeFile(archive, good);
    expect(await respaldo(['restore', '--latest', '--media', '--force'], env)).toMatchObject({ exitCode: 0 });
  });

  it.each(['beside', 'inside'])(
    'killed at random moments (%s) leaves one whole folder',
    { timeout: 300_000 },
    async (manner) => {
      const { folder, root, env } = await mediaScene();
      const write = async (content: string) => {
        for (let index = 0; index < 300; index += 1) await writeFile(join(root, `${index}`), content.repeat(2000));
      };
      await write('old');
      const old = Object.keys(await treeOf(root));
      await takeMediaBackup(env);
      await write('new');
      if (manner === 'inside') await chmod(folder, 0o555);
      const args = ['restore', '--latest', '--media', '--force'];
      const start = () => (manner === 'inside' ? startBound(args, env) : startRespaldo(args, env));
      const started = Date.now();
      await start();
      const took = Date.now() - started;
      for (let round = 0; round < 6; round += 1) {
        const run = start();
        await delay((took * (round + Math.random())) / 5);
        run.kill('SIGKILL');
        await run;
        if (manner === 'beside') expect(Object.keys(await treeOf(root))).toEqual(expect.arrayContaining(old));
      }
      const last = await start();
      expect(last.exitCode, String(last.stderr)).toBe(0);
      const contents = new Set<string>();
      for (const path of old.slice(1)) contents.add(await readFile(`${root}${path}`, 'utf8'));
      expect([...contents]).toEqual(['old'.repeat(2000)]);
      const left = [...(await readdir(folder)), ...(await readdir(root))].filter((name) =>
        /restoring|swapping|placing/.test(name),
      );
      expect(left).toEqual([]);
      await chmod(folder, 0o755);
    },
  );

  it('refuses options that are for databases, and archives that hold one', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await mediaScene();
    await writeFile(join(root, 'a'), 'a');
    const { id } = await takeMediaBackup(env);
    expect(await respaldo(['restore', id, '--in-place', '--force'], env)).toMatchObject({ exitCode: 2 });
    expect(await respaldo(['restore', id, '--database', '--force'], env)).toMatchObject({ exitCode: 2 });
    await writeFile(join(folder, 'x.sql'), 'SELECT 1;');
    expect(await respaldo(['restore', join(folder, 'x.sql'), '--media', '--force'], env)).toMatchObject({
      exitCode: 2,
    });
  });

  it('keeps links that lead out of the folder as links', { timeout: 120_000 }, async () => {
    const { root, env } = await mediaScene();
    await symlink('/etc/hostname', join(root, 'out'));
    const backup = await respaldo(['backup', '--media'], env);
    expect(backup.stderr).toContain('kept as links, without what they lead to: out');
    await rm(join(root, 'out'));
    expect(await respaldo(['restore', '--latest', '--media', '--force'], env)).toMatchObject({ exitCode: 0 });
    expect(await readlink(join(root, 'out'))).toBe('/etc/hostname');
  });
});
