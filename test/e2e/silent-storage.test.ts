import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daysAgo, madeBackup, putBackups } from '../support/catalog.js';
import { respaldo } from '../support/cli.js';
import type { Choose } from '../support/faults.js';
import { always } from '../support/faults.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const moto = s3Endpoint() ?? '';
const timeout = 300_000;

const silences: { name: string; fault: Choose; code: string }[] = [
  { name: 'does not answer', fault: () => 'reset', code: 'STORAGE_FAILED' },
  { name: 'denies', fault: () => ({ answer: 403, code: 'AccessDenied' }), code: 'STORAGE_DENIED' },
];

/** One real backup in a folder and in a bucket, which falls silent. */
async function scene() {
  const database = await testDatabase(crmSample);
  const bucket = await testBucket();
  const proxy = await s3Proxy(moto);
  const env = {
    DATABASE_URL: database.url,
    BACKUP_DIR: await temporaryFolder(),
    ...bucket.env,
    AWS_ENDPOINT_URL: proxy.endpoint,
    BACKUP_STORAGE: 'both',
    BACKUP_S3_TRIES: '1',
  };
  const taken = await respaldo(['backup', '--database', '--json'], env);
  expect(taken, taken.stderr).toMatchObject({ exitCode: 0 });
  return { database, bucket, proxy, env, id: JSON.parse(taken.stdout)[0].id as string };
}

describe.skipIf(moto === '')('a folder and a bucket that', { timeout }, () => {
  describe.each(silences)('$name', ({ fault, code }) => {
    it('lets the folder be verified, cleaned up and reported, and is named each time', async () => {
      const { proxy, env, id, bucket } = await scene();
      const old = [40, 50].map((age) => ({ time: daysAgo(age) }));
      await putBackups(env.BACKUP_DIR, old);
      for (const each of old)
        for (const [key, bytes] of Object.entries(madeBackup(each))) await bucket.put(`backups/${key}`, bytes);
      const inBucket = await bucket.keys();
      proxy.fail(fault);
      const told = new RegExp(`ERROR ${code}: s3:.*\\nHINT: s3:\\S+ did not answer: what is said is of /\\S+ alone\\.`);

      const verified = await respaldo(['verify', id], env);
      expect(verified.exitCode, verified.stderr).toBe(4);
      expect(verified.stdout).toMatch(new RegExp(`^OK {3}\\| ${id} \\| /.* bytes as they were stored$`));
      expect(verified.stderr).toMatch(told);

      const page = join(await temporaryFolder(), 'report.html');
      const report = await respaldo(['report', '--out', page, '--json'], env);
      expect(report.exitCode, report.stderr).toBe(4);
      expect(report.stderr).toMatch(told);
      const { silent, targets, verdict } = JSON.parse(report.stdout);
      expect(targets).toMatchObject([{ kind: 'database', backups: 3 }]);
      expect(silent).toMatchObject([{ storage: expect.stringMatching(/^s3:/) }]);
      expect(verdict.level).not.toBe('safe');
      expect(JSON.stringify(verdict.problems)).toMatch(/s3:\S+ did not answer, and nothing here is of it/);

      const plan = await respaldo(['cleanup', '--dry-run'], env);
      expect(plan.exitCode, plan.stderr).toBe(4);
      expect(plan.stdout).toMatch(new RegExp(`^keep {3}\\| ${id} .*latest`, 'm'));
      expect(plan.stdout).not.toMatch(/ in s3:/);
      expect(plan.stderr).toMatch(told);
      const cleanup = await respaldo(['cleanup', '--force'], env);
      expect(cleanup.exitCode, cleanup.stderr).toBe(4);
      expect(cleanup.stdout).toMatch(/^DATABASE in \/\S+: 2 removed .* 1 kept$/m);
      expect(cleanup.stderr).toMatch(told);

      const undelete = await respaldo(['undelete', '--list'], env);
      expect(undelete.exitCode, undelete.stderr).toBe(4);
      expect(undelete.stdout).toMatch(/^Removed backups that can be brought back \(2\):/);
      expect(undelete.stderr).toMatch(told);
      const [, oldest] = /^(db_backup_\w+) .*\n(?:.*\n)?$/m.exec(`${undelete.stdout}\n`) ?? [];
      const back = await respaldo(['undelete', oldest as string], env);
      expect(back.exitCode, back.stderr).toBe(4);
      expect(back.stdout).toMatch(/ is in \/\S+ again/);
      expect(back.stderr).toMatch(told);

      proxy.fail(() => undefined);
      expect(await bucket.keys()).toEqual(inBucket);
      expect((await respaldo(['cleanup', '--force'], env)).stdout).toMatch(/^DATABASE in s3:\S+: 2 removed/m);
    });
  });

  it('lists but cannot be read: verify names the copy, and it is no damage', async () => {
    const { proxy, env } = await scene();
    proxy.fail(always('GetObject', { answer: 403, code: 'AccessDenied' }));
    const run = await respaldo(['verify'], env);
    expect(run.exitCode, run.stderr).toBe(4);
    expect(run.stdout).toMatch(/^OK {3}\| .* \| \/.*\nFAIL \| .* \| s3:.*AccessDenied/);
  });

  it('is the only one to have what is asked for: its own error is told', async () => {
    const { proxy, env } = await scene();
    await rm(join(env.BACKUP_DIR, 'database'), { recursive: true });
    proxy.fail(() => ({ answer: 403, code: 'AccessDenied' }));
    for (const args of [
      ['verify', 'db_backup_20200101_000000'],
      ['undelete', 'db_backup_20200101_000000'],
      ['verify'],
    ]) {
      const run = await respaldo(args, env);
      expect(run.exitCode, run.stderr).toBe(4);
      expect(run.stderr).toMatch(/ERROR STORAGE_DENIED: s3:/);
      expect(run.stdout).toBe('');
    }
  });

  it('only gets copies is looked at by check, and its age is not judged', async () => {
    const { proxy, env, bucket } = await scene();
    const local = { ...env, BACKUP_STORAGE: 'local' };
    const check = await respaldo(['check'], local);
    expect(check, check.stdout).toMatchObject({ exitCode: 0 });
    expect(check.stdout).toMatch(/^OK {3}\| database copy +\| newest good copy db_backup_\w+ is 0\.\d h old, in s3:/m);
    await bucket.put('backups/database/db_backup_20990101_000000.sql.gz', 'x');
    await bucket.put('backups/database/db_backup_20990101_000000.manifest.json', ' '.repeat(512));
    const damaged = await respaldo(['check'], local);
    expect(damaged.exitCode).toBe(8);
    expect(damaged.stdout).toMatch(/^FAIL \| database damaged \| db_backup_20990101_000000 in s3:/m);
    proxy.fail(() => ({ answer: 403, code: 'AccessDenied' }));
    const denied = await respaldo(['check'], local);
    expect(denied.exitCode).toBe(4);
    expect(denied.stdout).toMatch(/^OK {3}\| database age/m);
    expect(denied.stdout).toMatch(/^FAIL \| storage +\| s3:.*AccessDenied/m);
  });
});

describe.skipIf(moto === '')('a bucket and a folder that cannot be read', { timeout }, () => {
  it('lets the bucket be listed, verified, cleaned up and restored from', async () => {
    const { env, id, database } = await scene();
    const before = await contentsOf(database.name);
    await database.query('DELETE FROM deals WHERE id > 100');
    // Root may read everything, so a link to itself stands for a folder that cannot be read.
    await rm(env.BACKUP_DIR, { recursive: true });
    await symlink(env.BACKUP_DIR, env.BACKUP_DIR);
    const told =
      /ERROR STORAGE_FAILED: \/.* not listed: ELOOP.*\nHINT: \/\S+ did not answer: what is said is of s3:\S+ alone/;
    for (const args of [['list'], ['verify'], ['cleanup'], ['report', '--json']]) {
      const run = await respaldo(args, env);
      expect(run.exitCode, run.stderr).toBe(4);
      expect(run.stderr).toMatch(told);
      if (args[0] !== 'cleanup') expect(run.stdout).toContain(id);
    }
    const restore = await respaldo(['restore', id, '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(restore.stderr).toMatch(/WARNING: \/.* not listed: ELOOP.*; s3:\S+ has db_backup_\w+, too/);
    expect(await contentsOf(database.name)).toEqual(before);
  });
});
