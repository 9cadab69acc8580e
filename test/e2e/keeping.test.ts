import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daysAgo, putBackups } from '../support/catalog.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, testDatabase } from '../support/postgres.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const ids = (text: string) => [...text.matchAll(/(\w+_backup_\d{8}_\d{6})/g)].map((match) => match[1]);

async function scene(ages: readonly number[], kind: 'database' | 'media' = 'database', target = '') {
  const folder = await temporaryFolder();
  await putBackups(
    folder,
    ages.map((age) => ({ time: daysAgo(age), kind, target })),
  );
  return { folder, env: { BACKUP_DIR: folder } };
}

describe('cleanup', () => {
  it('--dry-run says of every backup whether it stays and why, and removes nothing', async () => {
    const { env, folder } = await scene([1, 2, 10, 40, 41]);
    const { exitCode, stdout } = await respaldo(['cleanup', '--dry-run'], {
      ...env,
      BACKUP_KEEP: 'daily=1,weekly=2',
      BACKUP_RETENTION_DAYS: '5',
    });
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').map((line) => line.replace(/ \| \w+_backup_\d+_\d+ \| +/, ' '))).toMatchObject([
      expect.stringMatching(/^DATABASE in .* \(5\):$/),
      'keep   0.00 MB | latest, young, daily, weekly',
      expect.stringMatching(/^keep {3}0\.00 MB \| young(, weekly)?$/),
      expect.stringMatching(/0\.00 MB/),
      'remove 0.00 MB | no rule keeps it',
      'remove 0.00 MB | no rule keeps it',
      '',
      expect.stringMatching(/^MEDIA in .* \(0\):$/),
    ]);
    expect(await readdir(join(folder, 'database'))).toHaveLength(10);
  });

  it.each([['cleanup'], ['backup', '--cleanup']])(
    '%s %s removes what is older than thirty days, with its manifest',
    async (...args) => {
      const { env, folder } = await scene([1, 5, 29, 31, 60]);
      const { exitCode, stdout } = await respaldo(args, env);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^DATABASE in .*: 2 removed \(0\.00 MB\), 3 kept$/m);
      expect(await readdir(join(folder, 'database'))).toHaveLength(6);
    },
  );

  it('refuses to remove more than half, and does it with --force; the newest always stays', async () => {
    const { env, folder } = await scene([100, 101, 102]);
    const refused = await respaldo(['cleanup'], env);
    expect(refused.exitCode).toBe(9);
    expect(refused.stderr).toMatch(/ERROR TOO_MANY_REMOVALS: this would remove 2 of 3 database backups/);
    expect(await readdir(join(folder, 'database'))).toHaveLength(6);
    expect(await respaldo(['cleanup', '--force'], env)).toMatchObject({ exitCode: 0 });
    expect(ids((await respaldo(['list'], env)).stdout)).toHaveLength(1);
  });

  it('never touches another target, another kind, or a name that it does not know', async () => {
    const { env, folder } = await scene([1, 2, 100]);
    for (const target of ['crm', 'crm-eu', 'eu'])
      await putBackups(
        folder,
        [1, 2, 100].map((age) => ({ time: daysAgo(age), target })),
      );
    await putBackups(
      folder,
      [1, 2, 100].map((age) => ({ time: daysAgo(age), kind: 'media' as const })),
    );
    const strangers = [
      'database/notes.txt',
      'database/db_backup_final.sql.gz',
      'database/xdb_backup_20200101_000000.sql.gz',
      'database/old/db_backup_20200101_000000.sql.gz',
      'db_backup_20200101_000000.sql.gz',
    ];
    for (const name of strangers) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), 'mine');
    }
    const before = (await readdir(folder, { recursive: true })).length;
    const final = { ...env, BACKUP_UNDO_DAYS: '0' };
    expect((await respaldo(['--target', 'crm', 'cleanup'], final)).stdout).toMatch(
      /1 removed .*, 2 kept\nMEDIA .*: 0 removed/,
    );
    expect((await readdir(folder, { recursive: true })).length).toBe(before - 2);
    expect(await readdir(join(folder, 'crm/database'))).toHaveLength(4);
    expect(await readdir(join(folder, 'crm-eu/database'))).toHaveLength(6);
    await respaldo(['cleanup'], env);
    const left = await readdir(folder, { recursive: true });
    for (const name of strangers) expect(left).toContain(name);
  });

  it('clears temporary files that are older than two days, and old archives without a manifest', async () => {
    const { env, folder } = await scene([1]);
    const place = (name: string) => join(folder, 'database', name);
    const old = new Date(Date.now() - 3 * 86_400_000);
    for (const name of [
      '.db_backup_20260101_000000.sql.gz.0123456789ab.part',
      '.db_backup_20260102_000000.sql.gz.0123456789ab.part',
      'db_backup_20200101_000000.sql.gz',
    ]) {
      await writeFile(place(name), 'x');
    }
    await utimes(place('.db_backup_20260101_000000.sql.gz.0123456789ab.part'), old, old);
    const { stdout } = await respaldo(['cleanup'], env);
    expect(stdout).toContain('0 removed (0.00 MB), 1 kept, 2 leftovers cleared');
    expect(await readdir(join(folder, 'database'))).toHaveLength(3);
  });

  it.each([
    {
      env: { BACKUP_KEEP: 'daily=7,hourly=3' },
      says: 'BACKUP_KEEP="daily=7,hourly=3": "hourly=3" is not one of daily=N',
    },
    { env: { BACKUP_RETENTION_DAYS: 'ten' }, says: 'BACKUP_RETENTION_DAYS="ten": must be a whole number' },
    { env: { BACKUP_TARGET: 'database' }, says: 'BACKUP_TARGET="database": must be lower-case' },
  ])('a wrong setting is named: $says', async ({ env, says }) => {
    const result = await respaldo(['cleanup'], env);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(says);
  });
});

describe('check', () => {
  it.each([
    {
      name: 'fresh',
      ages: [0.5, 1.5],
      args: [],
      code: 0,
      line: /^OK {3}\| database age +\| newest good backup db_backup_\w+ is 12\.0 h old \(limit 25 h\)/m,
    },
    {
      name: 'stale',
      ages: [2],
      args: [],
      code: 8,
      line: /^FAIL \| database age +\| .* is 48\.0 h old \(limit 25 h\)/m,
    },
    { name: 'stale by a limit of its own', ages: [0.5], args: ['--max-age', '6'], code: 8, line: /^FAIL .*limit 6 h/m },
    { name: 'none at all', ages: [], args: [], code: 8, line: /^FAIL \| database age +\| no good backup in/m },
  ])('$name', async ({ ages, args, code, line }) => {
    const { env } = await scene(ages);
    const { exitCode, stdout } = await respaldo(['check', ...args], env);
    expect(stdout).toMatch(line);
    expect(stdout).toMatch(/^OK {3}\| disk space/m);
    expect(exitCode).toBe(code);
  });

  it('tells a backup that has less than half the size of the one before', async () => {
    const { env, folder } = await scene([]);
    await putBackups(folder, [
      { time: daysAgo(1.2), content: 'x'.repeat(1000) },
      { time: daysAgo(0.2), content: 'x'.repeat(499) },
    ]);
    const { exitCode, stdout } = await respaldo(['check'], env);
    expect(stdout).toMatch(/^FAIL \| database size +\| .*less than half$/m);
    expect(exitCode).toBe(8);
  });

  it('looks at media where they are configured, with eight days to go', async () => {
    const { env, folder } = await scene([0.1]);
    await putBackups(folder, [{ time: daysAgo(9), kind: 'media' }]);
    const { exitCode, stdout } = await respaldo(['check'], { ...env, MEDIA_ROOT: '/media' });
    expect(stdout).toMatch(/^FAIL \| media age +\| .*limit 192 h/m);
    expect(exitCode).toBe(8);
  });

  it('a drill that failed counts until a newer backup is drilled, and a broken record proves nothing', async () => {
    const { env, folder } = await scene([0, 1]);
    const [newer = '', older = ''] = (await readdir(join(folder, 'database')))
      .filter((name) => name.endsWith('.manifest.json'))
      .map((name) => name.replace('.manifest.json', ''))
      .sort()
      .reverse();
    await writeFile(join(folder, 'database', `${older}.drill_failed_20260114_060000.json`), '{}');
    const after = await respaldo(['check'], env);
    expect(after).toMatchObject({ exitCode: 8 });
    expect(after.stdout).toMatch(new RegExp(`^FAIL \\| database proof +\\| the last drill failed, of ${older}$`, 'm'));

    await writeFile(join(folder, 'database', `${newer}.verified.json`), '{');
    const { exitCode, stdout } = await respaldo(['check'], env);
    expect(exitCode).toBe(8);
    expect(stdout).toMatch(/^OK {3}\| database age/m);
    expect(stdout).not.toContain('the last drill failed');
    expect(stdout).toMatch(
      new RegExp(`^FAIL \\| database proof +\\| database/${newer}.verified.json is not JSON`, 'm'),
    );
    expect(stdout).toMatch(/\| disk space/);
  });
});

describe('list', () => {
  it('shows both kinds, newest first, in the form that its users know', async () => {
    const folder = await temporaryFolder();
    await putBackups(folder, [
      { time: new Date('2024-01-15T12:00:00Z'), content: 'x'.repeat(47_521_464) },
      { time: new Date('2024-01-16T01:02:03Z'), kind: 'media' },
    ]);
    const { stdout } = await respaldo(['list'], { BACKUP_DIR: folder });
    expect(stdout).toBe(`Backups available (2):
--------------------------------------------------------------------------------
MEDIA    | 2024-01-16 01:02 |     0.00 MB | media_backup_20240116_010203.tar.gz
DATABASE | 2024-01-15 12:00 |    45.32 MB | db_backup_20240115_120000.sql.gz`);
    expect((await respaldo(['backup', '--list'], { BACKUP_DIR: folder })).stdout).toBe(stdout);
    expect((await respaldo(['restore', '--list'], { BACKUP_DIR: folder })).stdout).toBe(stdout);
  });
});

describe.skipIf(s3Endpoint() === null)('in S3', () => {
  it('lists, checks, cleans up', async () => {
    const bucket = await testBucket();
    const { madeBackup } = await import('../support/catalog.js');
    for (const age of [0.5, 2, 40]) {
      for (const [key, bytes] of Object.entries(madeBackup({ time: daysAgo(age) })))
        await bucket.put(`backups/${key}`, bytes);
    }
    await bucket.put('backups-of-others/database/db_backup_20200101_000000.sql.gz', 'x');
    const env = { ...bucket.env, BACKUP_STORAGE: 's3' };
    expect(ids((await respaldo(['list'], env)).stdout)).toHaveLength(3);
    expect(await respaldo(['check'], env)).toMatchObject({ exitCode: 0 });
    const cleanup = await respaldo(['cleanup'], env);
    expect(cleanup, cleanup.stderr).toMatchObject({ exitCode: 0 });
    expect(await bucket.keys()).toHaveLength(5);
    const doctor = await respaldo(['doctor'], env);
    expect(doctor.stdout).toMatch(/OK {3}\| s3:.*: never overwrites/);
  });

  it('a bucket that is not there, and keys that may not', async () => {
    const bucket = await testBucket();
    const missing = await respaldo(['list'], {
      ...bucket.env,
      BACKUP_STORAGE: 's3',
      AWS_S3_BUCKET_NAME: 'no-such-bucket-here',
    });
    expect(missing.exitCode).toBe(4);
    expect(missing.stderr).toMatch(
      /ERROR STORAGE_FAILED: s3:\/\/no-such-bucket-here\/backups\/ not listed: .*NoSuchBucket.*\nHINT: Create the bucket/,
    );
  });
});

describe('an odd backup', () => {
  it('is told when it is made, and in its manifest', async () => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    expect((await respaldo(['backup', '--database'], env)).stderr).not.toContain('WARNING');
    await database.query('DELETE FROM deals WHERE id > 100; DROP TABLE events_2026');
    const { stdout, stderr } = await respaldo(['backup', '--database', '--json'], env);
    for (const text of ['table public.deals has 100 rows, it had 2000', 'table public.events_2026 is gone']) {
      expect(stderr).toContain(text);
      expect(JSON.parse(stdout)[0].manifest.warnings.join()).toContain(text);
    }
    expect(stderr).toMatch(/the schema changed: 0 definitions new, \d+ gone/);
  });
});
