import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { changedSince } from '../support/changed-since.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf } from '../support/postgres.js';
import { type Cut, cuttingProxy } from '../support/proxy.js';

describe('a restore in place whose psql fails in the moment of the commit', { timeout: 180_000 }, () => {
  it.each([
    { when: 'after the server has committed', script: '"$real" "$@"; exit 1', exitCode: 0 },
    { when: 'before', script: 'head -c 20000 | "$real" "$@"; exit 1', exitCode: 3 },
    { when: 'never, and says that all went well', script: 'cat >/dev/null; exit 0', exitCode: 3 },
  ])('$when: the exit code tells what the database holds', async ({ script, exitCode }) => {
    const found = await changedSince();
    const { database, env, backedUp, current } = found;
    const shims = await temporaryFolder();
    const real = inject('postgres').binDirectory;
    for (const program of ['pg_dump', 'pg_restore', 'psql']) {
      const does =
        program === 'psql' ? `case "$*" in --version) exec "$real" --version;; esac\n${script}` : 'exec "$real" "$@"';
      await writeFile(join(shims, program), `#!/bin/sh\nreal=${real}/${program}\n${does}\n`, { mode: 0o755 });
    }
    const run = await respaldo(['restore', '--latest', '--force', '--in-place'], { ...env, PG_BINDIR: shims });
    expect(run.exitCode, run.stderr).toBe(exitCode);
    if (exitCode === 0) expect(run.stderr).toContain('the server has committed all of it');
    expect(await contentsOf(database.name)).toEqual(exitCode === 0 ? backedUp : current);
  });
});

describe('a network that breaks in the moment of the commit', { timeout: 180_000 }, () => {
  it.each<{ args: readonly string[]; cut: Cut }>([
    { args: [], cut: 'after it was done' },
    { args: [], cut: 'before it arrives' },
    { args: ['--in-place'], cut: 'after it was done' },
    { args: ['--in-place'], cut: 'before it arrives' },
  ])('$cut ($args): the restore tells which of the two the database is', async ({ args, cut }) => {
    const found = await changedSince();
    const { database, env, backedUp, current } = found;
    const { port } = inject('postgres');
    const proxy = await cuttingProxy(port, 'COMMIT', cut);
    const url = database.url.replace(`:${port}/`, `:${proxy.port}/`);
    const run = await respaldo(['restore', '--latest', '--force', ...args], { ...env, DATABASE_URL: url });
    expect(proxy.heard()).toBe(1);
    const done = cut === 'after it was done';
    expect(run.exitCode, run.stderr).toBe(done ? 0 : 3);
    expect(await contentsOf(database.name)).toEqual(done ? backedUp : current);
    const relatives = (await database.relatives()).filter((name) => name !== database.name);
    if (args.length > 0) {
      expect(relatives).toEqual([]);
      if (done) expect(run.stderr).toContain('the server has committed all of it');
    } else if (done) {
      expect(run.stderr).toContain('lost in the moment of the swap, and the server has done it');
      expect(relatives).toEqual([expect.stringContaining('_before_')]);
      expect(run.stdout + run.stderr).toContain(relatives[0]);
    } else {
      expect(run.stderr).toMatch(/ERROR SWAP_FAILED: the restored database "\w+_restored_\w+" is complete/);
      expect(relatives).toEqual([expect.stringContaining('_restored_')]);
    }
  });

  it('a commit in place that the server is at work on is waited for', async () => {
    const found = await changedSince(['--no-compress']);
    const { database, env, archive } = found;
    const { port } = inject('postgres');
    const file = join(await temporaryFolder(), 'slow-commit.sql');
    const slowly = `CREATE FUNCTION public.slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(14); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER slowly AFTER UPDATE ON public.customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.slowly();
      UPDATE public.customers SET name = 'of the dump' WHERE id = 1;\n`;
    const end = '-- PostgreSQL database dump complete';
    await writeFile(
      file,
      (await readFile(archive, 'utf8')).replace(end, () => slowly + end),
    );
    const proxy = await cuttingProxy(port, 'COMMIT', 'as it arrives');
    const url = database.url.replace(`:${port}/`, `:${proxy.port}/`);
    const run = await respaldo(['restore', file, '--force', '--in-place'], { ...env, DATABASE_URL: url });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toContain('the server has committed all of it');
    expect(await database.query('SELECT name FROM customers WHERE id = 1')).toEqual([{ name: 'of the dump' }]);
  });
});
