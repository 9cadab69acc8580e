import { copyFile, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, inject, it } from 'vitest';
import { type ChangedSince, changedSince, expectUntouched } from '../support/changed-since.js';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, query } from '../support/postgres.js';
import { childrenOf, until } from '../support/processes.js';

async function flipBit(file: string, byte: number): Promise<void> {
  const handle = await open(file, 'r+');
  const buffer = Buffer.alloc(1);
  await handle.read(buffer, 0, 1, byte);
  buffer[0] = (buffer[0] as number) ^ 0x10;
  await handle.write(buffer, 0, 1, byte);
  await handle.close();
}

/** The backup's dump, with a minute of sleep before its last line. */
async function slowDump({ archive }: ChangedSince): Promise<string> {
  const file = join(await temporaryFolder(), 'slow.sql');
  await writeFile(
    file,
    (await readFile(archive, 'utf8')).replace('-- PostgreSQL database dump complete', 'SELECT pg_sleep(60);\n$&'),
  );
  return file;
}

function untilAsleep({ database }: ChangedSince): Promise<void> {
  return until('the restore sleeps', async () => {
    const rows = await query(
      'postgres',
      "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND starts_with(datname::text, $1)",
      [database.name],
    );
    return rows.length > 0;
  });
}

describe('a damaged backup is not restored, and the running database stays as it is', () => {
  it.each([
    { name: 'plain, gzip', args: [] },
    { name: 'plain, zstd', args: ['--compression', 'zstd'] },
    { name: 'plain, uncompressed', args: ['--no-compress'] },
    { name: 'custom, uncompressed', args: ['--format', 'custom', '--no-compress'] },
  ])('one bit flipped anywhere: $name', async ({ args }) => {
    const found = await changedSince(args);
    const { archive, env } = found;
    const whole = await readFile(archive);
    for (let round = 0; round < 6; round += 1) {
      const byte = round === 0 ? 0 : round === 1 ? whole.length - 1 : Math.floor(Math.random() * whole.length);
      await flipBit(archive, byte);
      const restore = await respaldo(['restore', '--latest', '--force'], env);
      // The dump may become one that the server refuses before its end is reached; the digest tells in all other cases.
      expect([3, 6], `byte ${byte}: ${restore.stderr}`).toContain(restore.exitCode);
      expect(restore.stderr).toMatch(/^ERROR (?:DIGEST_DIFFERS|ARCHIVE_CORRUPT|ARCHIVE_UNSAFE|RESTORE_FAILED): /m);
      expect((await respaldo(['verify'], env)).exitCode).toBe(6);
      await writeFile(archive, whole);
    }
    await expectUntouched(found);
    expect(await respaldo(['restore', '--latest', '--force'], env)).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(found.database.name)).toEqual(found.backedUp);
  });

  it.each([0, 1, 0.5, 0.999])('an archive cut short to %s of it', async (part) => {
    const found = await changedSince();
    const { length } = await readFile(found.archive);
    await truncate(found.archive, part === 1 ? 1 : Math.floor(length * part));
    const restore = await respaldo(['restore', '--latest', '--force'], found.env);
    expect(restore.exitCode, restore.stderr).toBe(6);
    const check = await respaldo(['check'], found.env);
    expect(check.exitCode).toBe(8);
    expect(check.stdout).toMatch(/FAIL \| database damaged +\| .*the manifest says/);
    await expectUntouched(found);
  });

  it('a manifest cut short is not listed, and named when asked for', async () => {
    const found = await changedSince();
    const { length } = await readFile(found.manifest);
    for (const bytes of [0, 1, 511, length - 1]) {
      const whole = await readFile(found.manifest);
      await truncate(found.manifest, bytes);
      const list = await respaldo(['list'], found.env);
      expect(list.stdout).toContain('Backups available (0)');
      expect(list.stderr).toContain('have no whole manifest and are not listed');
      const id = /(db_backup_\d+_\d+)/.exec(found.archive)?.[1] as string;
      const restore = await respaldo(['restore', id, '--force'], found.env);
      expect(restore.exitCode).toBe(6);
      expect(restore.stderr).toMatch(/ERROR MANIFEST_INVALID: manifest .* is cut short/);
      await writeFile(found.manifest, whole);
    }
    await expectUntouched(found);
  });

  it('the manifest of another backup beside it', async () => {
    const found = await changedSince();
    const { env, archive, manifest } = found;
    await respaldo(['backup', '--database', '--no-compress'], env);
    const newest = JSON.parse((await respaldo(['list', '--json'], env)).stdout)[0].id;
    await copyFile(manifest, join(manifest, '..', `${newest}.manifest.json`));
    const restore = await respaldo(['restore', newest, '--force'], env);
    expect(restore.exitCode).toBe(6);
    expect(restore.stderr).toMatch(/ERROR MANIFEST_INVALID: .* is of another backup/);
    expect(archive).toBeTruthy();
    await expectUntouched(found);
  });
});

describe('a restore that fails on its way leaves the running database as it is', () => {
  it('SQL that fails at the last statement', async () => {
    const found = await changedSince(['--no-compress']);
    const file = join(await temporaryFolder(), 'by-hand.sql');
    const dump = (await readFile(found.archive, 'utf8')).replace(
      '-- PostgreSQL database dump complete',
      'SELECT 1/0;\n$&',
    );
    await writeFile(file, dump);
    const restore = await respaldo(['restore', file, '--force'], found.env);
    expect(restore.exitCode).toBe(3);
    expect(restore.stderr).toMatch(/ERROR RESTORE_FAILED: the server refused the dump: .*division by zero/);
    await expectUntouched(found);
  });

  it('row counts that differ from the manifest', async () => {
    const found = await changedSince(['--no-compress']);
    // A backup whose manifest promises another row than its archive holds, whole in every other way.
    const json = JSON.parse(await readFile(found.manifest, 'utf8'));
    json.database.tables.find((table: { name: string }) => table.name === 'deals').rows = 2001;
    const text = Buffer.from(`${JSON.stringify(json, null, 1)}\n`);
    await writeFile(found.manifest, Buffer.concat([text, Buffer.alloc(512 - (text.length % 512), ' ')]));
    const restore = await respaldo(['restore', '--latest', '--force'], found.env);
    expect(restore.exitCode).toBe(6);
    expect(restore.stderr).toMatch(
      /ERROR COMPARISON_DIFFERS: .*\n {2}table public\.deals: 2001 rows were backed up, 2000 restored/,
    );
    await expectUntouched(found);
  });

  it('SIGTERM: within 5 s, and nothing is left', async () => {
    const found = await changedSince(['--no-compress']);
    const run = startRespaldo(['restore', await slowDump(found), '--force'], found.env);
    await untilAsleep(found);
    const children = await childrenOf(run.pid as number);
    expect(children.map(({ name }) => name)).toEqual(['psql']);
    run.kill('SIGTERM');
    const { exitCode, stderr } = await run;
    expect(exitCode).toBe(143);
    expect(String(stderr)).toContain('ERROR TERMINATED');
    for (const { pid } of children) expect(() => process.kill(pid, 0)).toThrow();
    await expectUntouched(found);
  });

  it('SIGKILL at ten random moments: the database is the one before or the restored one, and the next run works', async () => {
    const found = await changedSince();
    const { database, env, backedUp, current } = found;
    const started = Date.now();
    await respaldo(['restore', '--latest', '--into', `${database.name}_timed`], env);
    const took = Date.now() - started + 100;
    for (let round = 0; round < 10; round += 1) {
      const run = startRespaldo(['restore', '--latest', '--force'], env);
      await delay(Math.random() * took);
      run.kill('SIGKILL');
      await run;
      expect([current, backedUp]).toContainEqual(await contentsOf(database.name));
    }
    const next = await respaldo(['restore', '--latest', '--force'], env);
    expect(next, next.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(backedUp);
    // What the killed runs left beside it is gone again; what was kept on purpose is not.
    expect((await database.relatives()).filter((name) => name.includes('_restoring_'))).toEqual([]);
    expect((await database.relatives()).filter((name) => name.includes('_before_'))).not.toEqual([]);
  });

  it.each([
    { what: 'nothing', prints: 'true' },
    { what: 'a comment', prints: 'printf -- --' },
    { what: 'a whole dump without rows', prints: '"$real" "$@" --schema-only' },
  ])('in place, pg_restore that prints $what and says that it went well: nothing is changed', async ({ prints }) => {
    const found = await changedSince(['--format', 'custom']);
    const shims = await temporaryFolder();
    const real = inject('postgres').binDirectory;
    for (const name of ['pg_dump', 'pg_restore', 'psql', 'pg_dumpall']) {
      const lie =
        name === 'pg_restore'
          ? `case "$*" in --version) exec "$real" --version;; esac\n${prints}`
          : 'exec "$real" "$@"';
      await writeFile(join(shims, name), `#!/bin/sh\nreal=${join(real, name)}\n${lie}\n`, { mode: 0o755 });
    }
    const restore = await respaldo(['restore', '--latest', '--force', '--in-place'], {
      ...found.env,
      PG_BINDIR: shims,
    });
    expect(restore.exitCode, restore.stderr).not.toBe(0);
    expect(restore.stderr).toMatch(/ERROR (?:COMPARISON_DIFFERS|RESTORE_FAILED): /);
    await expectUntouched(found);
  });

  it.each([
    { name: 'plain', args: ['--no-compress'] },
    { name: 'parallel', args: ['--format', 'parallel'] },
  ])('a restore whose own session is ended leaves no database behind: $name', async ({ args }) => {
    const found = await changedSince(args);
    const run = startRespaldo(['restore', '--latest', '--force'], found.env);
    await until('its database is there', async () => (await found.database.relatives()).length > 1);
    await query(
      'postgres',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres' AND application_name LIKE 'respaldo restore db\\_backup%'",
    );
    const { exitCode, stderr } = await run;
    // It may have been done with all that the session was for.
    if (exitCode === 0) return;
    expect(String(stderr)).toMatch(/ERROR (?:SERVER_UNREACHABLE|SOURCE_FAILED|SWAP_FAILED): /);
    expect((await found.database.relatives()).filter((name) => name.includes('_restoring_'))).toEqual([]);
    expect(await contentsOf(found.database.name)).toEqual(found.current);
  });

  it.each([
    { session: 'that holds it against other restores', beside: true, args: [] },
    { session: 'that holds the running database', beside: false, args: [] },
    { session: 'that holds the running database', beside: false, args: ['--in-place'] },
  ])('is ended at once where the session $session is ended ($args)', async ({ beside, args }) => {
    const found = await changedSince(['--no-compress']);
    const { name } = found.database;
    const run = startRespaldo(['restore', await slowDump(found), '--force', ...args], found.env);
    await untilAsleep(found);
    const ended = await query(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND state = 'idle in transaction'
       AND application_name LIKE 'respaldo restore slow.sql%'
       AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)`,
      [beside ? 'postgres' : name],
    );
    expect(ended).toHaveLength(1);
    const { exitCode, stderr, durationMs } = await run;
    expect(exitCode, String(stderr)).toBe(3);
    expect(String(stderr)).toMatch(
      new RegExp(`ERROR SERVER_UNREACHABLE: the session that held database "${name}" for this restore was lost: `),
    );
    expect(durationMs).toBeLessThan(40_000);
    // What is left of psql's session notices that nobody listens once its sleep is over.
    await query('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    await expectUntouched(found);
  });

  it('in place, SIGKILL in the midst of it: everything is rolled back', async () => {
    const found = await changedSince(['--no-compress']);
    const file = await slowDump(found);
    const run = startRespaldo(['restore', file, '--force', '--in-place'], found.env);
    await untilAsleep(found);
    run.kill('SIGKILL');
    await run;
    await query(
      'postgres',
      'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = $2',
      ['respaldo psql', found.database.name],
    );
    await until('its sessions are gone', async () => {
      return (
        (
          await query(
            'postgres',
            "SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'respaldo%'",
            [found.database.name],
          )
        ).length === 0
      );
    });
    await expectUntouched(found);
    const next = await respaldo(['restore', '--latest', '--force', '--in-place'], found.env);
    expect(next, next.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(found.database.name)).toEqual(found.backedUp);
  });

  it('in place, a dump that is cut off: everything is rolled back', async () => {
    const found = await changedSince(['--no-compress']);
    const file = join(await temporaryFolder(), 'cut.sql');
    const dump = await readFile(found.archive);
    await writeFile(file, dump.subarray(0, dump.length - 100));
    const restore = await respaldo(['restore', file, '--force', '--in-place'], found.env);
    expect(restore.exitCode).toBe(6);
    expect(restore.stderr).toContain('ERROR ARCHIVE_CORRUPT: the dump ends before');
    await expectUntouched(found);
  });
});
