import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { childrenOf, until } from '../support/processes.js';
import { makeTree, treeOf } from '../support/tree.js';

async function scene() {
  const folder = await temporaryFolder();
  const root = join(folder, 'media');
  await mkdir(root);
  return { folder, root, env: { MEDIA_ROOT: root, BACKUP_DIR: join(folder, 'backups') } };
}

/** Runs the program bound by file modes even where the tests run as root. */
async function bound(args: readonly string[], env: Record<string, string>) {
  if (process.getuid?.() !== 0) return respaldo(args, env);
  const { exitCode, stdout, stderr } = await execa(
    'setpriv',
    ['--bounding-set=-dac_override,-dac_read_search', process.execPath, 'dist/respaldo.js', ...args],
    { env: { PATH: process.env.PATH, ...env }, extendEnv: false, reject: false, stdin: 'ignore' },
  );
  return { exitCode, stdout, stderr };
}

async function takeBackup(env: Record<string, string>, ...args: string[]) {
  const backup = await respaldo(['backup', '--media', '--json', ...args], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  return JSON.parse(backup.stdout)[0].manifest;
}

describe('a folder of media files goes out and comes back', () => {
  it.each([
    { name: 'as it is by default', args: [], file: /\.tar\.gz$/ },
    { name: 'with zstd', args: ['--compression', 'zstd'], file: /\.tar\.zst$/ },
    { name: 'uncompressed', args: ['--no-compress'], file: /\.tar$/ },
  ])('$name', { timeout: 120_000 }, async ({ args, file }) => {
    const { folder, root, env } = await scene();
    await makeTree(root);
    const before = await treeOf(root);
    const manifest = await takeBackup(env, ...args);
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
    const { folder, root, env } = await scene();
    await makeTree(root);
    const { id } = await takeBackup(env);
    const into = join(folder, 'elsewhere');
    const restore = await respaldo(['restore', id, '--into', into], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await treeOf(into)).toEqual(await treeOf(root));
    expect((await readdir(folder)).sort()).toEqual(['backups', 'elsewhere', 'media']);
    expect(await respaldo(['restore', id, '--into', into], env)).toMatchObject({ exitCode: 2 });
  });

  it('where the folder is gone altogether', { timeout: 120_000 }, async () => {
    const { root, env } = await scene();
    await makeTree(root);
    const before = await treeOf(root);
    await takeBackup(env);
    await rm(root, { recursive: true });
    const restore = await respaldo(['restore', '--latest', '--media', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(restore.stdout).not.toContain('kept');
    expect(await treeOf(root)).toEqual(before);
  });

  it('inside a folder that must stay, because its parent may not be written', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await scene();
    await makeTree(root);
    const before = await treeOf(root);
    await takeBackup(env);
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
    const { root, env } = await scene();
    const within = { ...env, BACKUP_DIR: join(root, 'backups') };
    await writeFile(join(root, 'a'), 'a');
    await mkdir(join(root, '.respaldo-before_20240101_000000'));
    await writeFile(join(root, '.respaldo-before_20240101_000000/old'), 'old');
    await takeBackup(within);
    expect((await takeBackup(within)).media).toMatchObject({ files: 1, folders: 1 });
  });

  it('with patterns left out, from the settings and the command line', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await scene();
    for (const name of ['a.jpg', 'a.tmp', 'cache/b.jpg', 'c.log']) {
      await mkdir(join(root, name, '..'), { recursive: true });
      await writeFile(join(root, name), name);
    }
    const manifest = await takeBackup({ ...env, BACKUP_MEDIA_EXCLUDE: '*.tmp,cache' }, '--exclude', '*.log');
    expect(manifest.media).toMatchObject({ files: 1, exclude: ['*.tmp', 'cache', '*.log'] });
    await respaldo(['restore', '--latest', '--media', '--into', join(folder, 'out')], env);
    expect(await readdir(join(folder, 'out'))).toEqual(['a.jpg']);
  });

  it('of another program, unvouched', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await scene();
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

describe('a media backup', () => {
  it('counts and names files that vanish or shrink while it works', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await scene();
    // Each larger than what the pipes behind tar have room for.
    for (let index = 0; index < 5; index += 1) await writeFile(join(root, `file ${index}\n`), Buffer.alloc(8_000_000));
    // A compressor that waits, so that tar waits with one file open.
    const slow = join(folder, 'bin');
    await mkdir(slow);
    await writeFile(
      join(slow, 'igzip'),
      `#!/bin/sh\nwhile [ ! -e '${folder}/go' ]; do sleep 0.05; done\nexec gzip -1 -c\n`,
      { mode: 0o755 },
    );
    const run = startRespaldo(['backup', '--media', '--json'], { ...env, PATH: `${slow}:${process.env.PATH}` });
    let open = '';
    await until('tar has a file open', async () => {
      for (const { pid, name } of await childrenOf(run.pid as number)) {
        if (name !== 'tar') continue;
        for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
          const path = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
          if (path.includes('/file ')) open = path;
        }
      }
      return open !== '';
    });
    await delay(300);
    for (const name of await readdir(root)) if (join(root, name) !== open) await rm(join(root, name));
    await truncate(open, 0);
    await writeFile(join(folder, 'go'), '');
    const { exitCode, stdout, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(0);
    const [{ manifest }] = JSON.parse(String(stdout));
    expect(manifest.media).toMatchObject({ files: 1, bytes: 8_000_000 });
    expect(manifest.warnings.filter((text: string) => text.endsWith('vanished before it was read'))).toHaveLength(4);
    expect(manifest.warnings).toContainEqual(expect.stringMatching(/^"file \d\\n" shrank while it was read/));
    expect(String(stderr)).toMatch(/WARNING: "file \d\\n" vanished before it was read/);
    expect(await respaldo(['restore', '--latest', '--media', '--force'], env)).toMatchObject({ exitCode: 0 });
  });

  it('names what it cannot read, and stores nothing', { timeout: 120_000 }, async () => {
    const { root, env } = await scene();
    await mkdir(join(root, 'open'));
    await writeFile(join(root, 'open/fine'), 'x');
    await writeFile(join(root, 'closed\nfile'), 'x', { mode: 0 });
    await mkdir(join(root, 'closed folder'), { mode: 0 });
    const backup = await bound(['backup', '--media'], env);
    expect(backup.exitCode).toBe(3);
    expect(backup.stderr).toMatch(
      /ERROR MEDIA_UNREADABLE: backup of .* not taken: \d files? or folders? cannot be read/,
    );
    expect(backup.stderr).toContain('"closed folder": permission denied');
    await chmod(join(root, 'closed folder'), 0o700);
    const second = await bound(['backup', '--media'], env);
    expect(second.stderr).toContain('"closed\\nfile": permission denied');
    expect(second.exitCode).toBe(3);
    expect(await readdir(env.BACKUP_DIR).catch(() => [])).toEqual([]);
    expect(await bound(['backup', '--media', '--exclude', 'closed*'], env)).toMatchObject({ exitCode: 0 });
    await chmod(join(root, 'closed\nfile'), 0o600);
  });

  it.each([
    { name: 'is not set', root: undefined, said: 'MEDIA_ROOT is not set' },
    { name: 'is not there', root: '/nowhere/at/all', said: 'MEDIA_ROOT /nowhere/at/all is not there' },
    { name: 'is a file', root: '/etc/hostname', said: 'MEDIA_ROOT /etc/hostname is no directory' },
  ])('says that MEDIA_ROOT $name', { timeout: 120_000 }, async ({ root, said }) => {
    const backup = await respaldo(['backup', '--media'], { MEDIA_ROOT: root, BACKUP_DIR: await temporaryFolder() });
    expect(backup.exitCode).toBe(3);
    expect(backup.stderr).toContain(`ERROR MEDIA_MISSING: ${said}`);
  });

  it('ends with code 7 while another run holds the folder, and names it', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await scene();
    await writeFile(join(root, 'file'), Buffer.alloc(1_000_000));
    const slow = join(folder, 'bin');
    await mkdir(slow);
    await writeFile(
      join(slow, 'igzip'),
      `#!/bin/sh\nwhile [ ! -e '${folder}/go' ]; do sleep 0.05; done\nexec gzip -c\n`,
      {
        mode: 0o755,
      },
    );
    const first = startRespaldo(['backup', '--media'], { ...env, PATH: `${slow}:${process.env.PATH}` });
    await until('the first one works', async () =>
      (await childrenOf(first.pid as number)).some(({ name }) => name === 'igzip'),
    );
    const second = await respaldo(['backup', '--media'], env);
    expect(second.exitCode).toBe(7);
    expect(second.stderr).toContain(`held by process ${first.pid} (dist/respaldo.js backup --media)`);
    await writeFile(join(folder, 'go'), '');
    expect(await first).toMatchObject({ exitCode: 0 });
    expect(await respaldo(['backup', '--media'], env)).toMatchObject({ exitCode: 0 });
  });

  it('killed at random moments lists nothing that is not whole, and the next one works', {
    timeout: 240_000,
  }, async () => {
    const { root, env } = await scene();
    for (let index = 0; index < 200; index += 1) await writeFile(join(root, `${index}`), Buffer.alloc(100_000, index));
    const { startedAt, finishedAt } = await takeBackup(env);
    const took = Date.parse(finishedAt) - Date.parse(startedAt) + 300;
    for (let round = 0; round < 6; round += 1) {
      const run = startRespaldo(['backup', '--media'], env);
      await delay((took * (round + Math.random())) / 6);
      run.kill('SIGKILL');
      await run;
      const list = JSON.parse((await respaldo(['list', '--json'], env)).stdout);
      const verified = await respaldo(['verify', '--all'], env);
      expect(verified.exitCode, verified.stdout).toBe(0);
      expect(verified.stdout.split('\n')).toHaveLength(list.length);
    }
    await takeBackup(env);
  });
});

describe('a media restore', () => {
  it('plans without changing anything, and asks before it replaces', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await scene();
    await makeTree(root);
    const before = await treeOf(root);
    await takeBackup(env);
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
    const { folder, root, env } = await scene();
    await makeTree(root);
    const manifest = await takeBackup(env);
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
      const { folder, root, env } = await scene();
      const write = async (content: string) => {
        for (let index = 0; index < 300; index += 1) await writeFile(join(root, `${index}`), content.repeat(2000));
      };
      await write('old');
      const old = Object.keys(await treeOf(root));
      await takeBackup(env);
      await write('new');
      if (manner === 'inside') await chmod(folder, 0o555);
      const start = () =>
        manner === 'inside' && process.getuid?.() === 0
          ? execa(
              'setpriv',
              [
                ...['--bounding-set=-dac_override,-dac_read_search', process.execPath, 'dist/respaldo.js'],
                ...['restore', '--latest', '--media', '--force'],
              ],
              { env: { PATH: process.env.PATH, ...env }, extendEnv: false, reject: false, stdin: 'ignore' },
            )
          : startRespaldo(['restore', '--latest', '--media', '--force'], env);
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
    const { folder, root, env } = await scene();
    await writeFile(join(root, 'a'), 'a');
    const { id } = await takeBackup(env);
    expect(await respaldo(['restore', id, '--in-place', '--force'], env)).toMatchObject({ exitCode: 2 });
    expect(await respaldo(['restore', id, '--database', '--force'], env)).toMatchObject({ exitCode: 2 });
    await writeFile(join(folder, 'x.sql'), 'SELECT 1;');
    expect(await respaldo(['restore', join(folder, 'x.sql'), '--media', '--force'], env)).toMatchObject({
      exitCode: 2,
    });
  });

  it('keeps links that lead out of the folder as links', { timeout: 120_000 }, async () => {
    const { root, env } = await scene();
    await symlink('/etc/hostname', join(root, 'out'));
    const backup = await respaldo(['backup', '--media'], env);
    expect(backup.stderr).toContain('kept as links, without what they lead to: out');
    await rm(join(root, 'out'));
    expect(await respaldo(['restore', '--latest', '--media', '--force'], env)).toMatchObject({ exitCode: 0 });
    expect(await readlink(join(root, 'out'))).toBe('/etc/hostname');
  });
});
