import { chmod, mkdir, readdir, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { expectListedWhole } from '../support/expectations.js';
import { temporaryFolder } from '../support/folders.js';
import { bound, mediaScene, takeMediaBackup } from '../support/media.js';
import { childrenOf, until } from '../support/processes.js';

describe('a media backup', () => {
  it('counts and names files that vanish or shrink while it works', { timeout: 120_000 }, async () => {
    const { folder, root, env } = await mediaScene();
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
    const { root, env } = await mediaScene();
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
    const { folder, root, env } = await mediaScene();
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
    const { root, env } = await mediaScene();
    for (let index = 0; index < 200; index += 1) await writeFile(join(root, `${index}`), Buffer.alloc(100_000, index));
    const { startedAt, finishedAt } = await takeMediaBackup(env);
    const took = Date.parse(finishedAt) - Date.parse(startedAt) + 300;
    for (let round = 0; round < 6; round += 1) {
      const run = startRespaldo(['backup', '--media'], env);
      await delay((took * (round + Math.random())) / 6);
      run.kill('SIGKILL');
      await run;
      await expectListedWhole(env);
    }
    await takeMediaBackup(env);
  });
});
