import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../container/postgres/free-port.js';
import { daysAgo, putBackups } from '../support/catalog.js';
import { type CliEnvironment, respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { nowhere, oneMessage, words } from '../support/mistakes.js';

describe('a command line that cannot be meant', { timeout: 60_000 }, () => {
  it.each([
    ['backpu', "unknown command 'backpu'", 'Did you mean backup?'],
    ['backup --databse', "unknown option '--databse'", 'Did you mean --database?'],
    ['list --nope', "unknown option '--nope'"],
    ['list extra', 'too many arguments'],
    ['restore one two', 'too many arguments'],
    ['backup --database --format', "option '--format <format>' argument missing"],
    ['--target', "option '--target <name>' argument missing"],
    ['backup --database --format weird', "argument 'weird' is invalid. Allowed choices are plain, custom"],
    ['backup --database --compression rar', "argument 'rar' is invalid. Allowed choices are gzip"],
    ['backup --database --format parallel --jobs 0', 'Give a whole number, 1 or more.'],
    ['backup --database --format parallel --tasks 17', 'Give a whole number from 1 to 16.'],
    ['backup --database --format parallel --max-rate fast', 'Give megabytes a second, more than 0.'],
    ['check --max-age -1', 'Give hours, more than 0.'],
    ['--target UP list', 'BACKUP_TARGET="UP": must be lower-case letters'],

    ['backup', 'what to back up is not said'],
    ['backup --list --database', '--database and --list do not go together'],
    ['backup --cleanup --media', '--media and --cleanup do not go together'],
    ['backup --list --cleanup', '--cleanup and --list do not go together'],
    ['backup --database --jobs 2', '--jobs and BACKUP_FORMAT=plain do not go together'],
    ['backup --database --format custom --tasks 2', '--tasks and --format custom do not go together'],
    ['backup --full --format plain --max-rate 3', '--max-rate and --format plain do not go together'],
    ['backup --database --exclude x', '--exclude and --database do not go together'],
    ['backup --media --format custom', '--format and --media do not go together'],
    ['backup --media --table x', '--table and --media do not go together'],
    ['backup --media --schema x', '--schema and --media do not go together'],
    ['backup --media --exclude-table x', '--exclude-table and --media do not go together'],
    ['backup --media --exclude-table-data x', '--exclude-table-data and --media do not go together'],
    ['backup --media --with-globals', '--with-globals and --media do not go together'],
    ['backup --database --with-passwords', '--with-passwords needs --with-globals'],
    ['backup --database --schema x --table y', '--schema and --table do not go together'],
    ['backup --database --compression gzip --no-compress', '--compression and --no-compress do not go together'],
    ['backup --database --format parallel --no-compress', '--no-compress and --format parallel do not go together'],
    ['backup --database --format auto --compression gzip', '--compression and --format auto do not go together'],
    ['backup --database --upload-s3', 'AWS_S3_BUCKET_NAME is not set'],
    ['backup --full --upload-s3', 'AWS_S3_BUCKET_NAME is not set'],

    ['restore', 'which backup is not said'],
    ['restore --latest x', 'which backup is not said, or said twice'],
    ['restore --list --latest', '--latest and --list do not go together'],
    ['restore x --list', '"x" and --list do not go together'],
    ['restore --latest --media --table x --into y', '--table and --media do not go together'],
    ['restore --latest --media --in-place', '--in-place and --media do not go together'],
    ['restore --latest --media --no-owner', '--no-owner and --media do not go together'],
    ['restore --latest --media --jobs 2', '--jobs and --media do not go together'],
    ['restore --latest --full --into x', '--into and --full do not go together'],
    ['restore --latest --into x --in-place', '--in-place and --into do not go together'],
    ['restore db_backup_20240115_120000 --jobs 2', '--jobs: db_backup_20240115_120000 is one archive'],
    ['restore db_backup_20240115_120000 --tasks 2', '--tasks: db_backup_20240115_120000 is one archive'],
    ['restore media_backup_20240115_120000 --no-owner', '--no-owner is for databases'],
    ['restore media_backup_20240115_120000 --database', 'holds media files, and nothing else'],

    ['verify db_backup_20240115_120000 --all', '"db_backup_20240115_120000" and --all do not go together'],
    ['drill --media --sql x.sql', '--sql and --media do not go together'],
    ['drill --media --jobs 2', '--jobs and --media do not go together'],
    ['drill db_backup_20240115_120000 --latest', 'which backup is said twice'],
    ['drill db_backup_20240115_120000 --jobs 2', '--jobs: db_backup_20240115_120000 is one archive'],
    ['undelete', 'which backup is not said'],
    ['undelete db_backup_20240115_120000 --list', 'said twice'],
    ['schedules', 'say which'],
    ['schedules -e PROD', 'there can be no environment "PROD"'],
    ['schedules -e prod/*', 'a name is one to 16 lower-case letters and digits'],
    ['schedules --run --crontab', 'say which'],
    ['schedules --run --settings /dev/null', '--settings needs --crontab'],
    ['schedules --crontab --json', '--json needs --environment'],
    ['report --out /nowhere/at/all.html', 'could not be written to /nowhere/at/all.html'],
  ])('respaldo %s', async (line, says, hint = '') => {
    const folder = await temporaryFolder();
    await putBackups(folder, [
      { time: new Date('2024-01-15T12:00:00Z') },
      { time: new Date('2024-01-15T12:00:00Z'), kind: 'media' },
    ]);
    const env = { ...nowhere, BACKUP_DIR: folder, MEDIA_ROOT: folder };
    const { exitCode, stdout, stderr } = await respaldo(words(line), env);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(oneMessage);
    expect(stderr).toContain(says);
    expect(stderr).toContain(hint);
  });

  it('is told as JSON where that is asked for', async () => {
    const { exitCode, stderr } = await respaldo(['backup', '--nope'], { BACKUP_LOG: 'json' });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'USAGE', exitCode: 2, msg: "unknown option '--nope'" });
  });

  it.each([
    { line: 'backup --list --json', env: {} },
    { line: 'backup --cleanup --json', env: {} },
    { line: 'restore --list --json', env: {} },
  ])('what goes together stays so: $line', async ({ line, env }) => {
    const folder = await temporaryFolder();
    await putBackups(folder, [{ time: daysAgo(1) }]);
    const { exitCode, stdout, stderr } = await respaldo(words(line), { ...env, BACKUP_DIR: folder });
    expect(exitCode, stderr).toBe(0);
    expect(JSON.parse(stdout)).toBeInstanceOf(Array);
  });
});

describe('a setting that cannot be', () => {
  it.each<{ env: CliEnvironment; says: string }>([
    {
      env: { BACKUP_RETENTION_DAYS: '-1' },
      says: 'BACKUP_RETENTION_DAYS="-1": must be a whole number from 0 to 36500',
    },
    { env: { BACKUP_RETENTION_DAYS: '1.5' }, says: 'must be a whole number from 0 to 36500' },
    { env: { BACKUP_S3_TRIES: '99' }, says: 'BACKUP_S3_TRIES="99": must be a whole number from 1 to 20' },
    { env: { BACKUP_PARALLEL_PART_MB: '0' }, says: 'must be a number from 0.01 to 10000' },
    { env: { BACKUP_FORMAT: 'tar' }, says: 'BACKUP_FORMAT="tar": must be one of plain, custom, parallel' },
    { env: { SENTRY_DSN: 'nonsense-canary' }, says: 'SENTRY_DSN=(hidden): must be a URL' },
    { env: { BACKUP_STORAGE: 's3' }, says: 'BACKUP_STORAGE=s3: needs AWS_S3_BUCKET_NAME' },
    { env: { AWS_ENDPOINT_URL: 'localhost:9000' }, says: 'must be an http or https URL' },
    { env: { BACKUP_SCHEDULES: 'database: whenever' }, says: 'BACKUP_SCHEDULES=' },
    { env: { BACKUP_RETENTION_DAYS: 'x', BACKUP_S3_TRIES: 'y' }, says: '2 settings are wrong:' },
  ])('$env', async ({ env, says }) => {
    const { exitCode, stdout, stderr } = await respaldo(['list'], { BACKUP_DIR: await temporaryFolder(), ...env });
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).toMatch(/^ERROR SETTINGS_INVALID: [\s\S]*\nHINT: .*\.$/);
    expect(stderr).not.toContain('canary');
  });
});

describe('a BACKUP_DIR', { timeout: 60_000 }, () => {
  it.each([
    { args: ['list'] },
    { args: ['verify'] },
    { args: ['cleanup'] },
    { args: ['undelete', '--list'] },
    { args: ['report'] },
    { args: ['restore', '--latest'] },
    { args: ['backup', '--media'] },
  ])('that is a link to nowhere is away, not empty: $args', async ({ args }) => {
    const folder = await temporaryFolder();
    const link = join(folder, 'backups');
    await symlink(join(folder, 'not-mounted'), link);
    for (const dir of [link, join(link, 'crm')]) {
      const { exitCode, stdout, stderr } = await respaldo(args, { ...nowhere, BACKUP_DIR: dir, MEDIA_ROOT: folder });
      expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 4, stdout: '' });
      expect(stderr).toMatch(
        /ERROR STORAGE_FAILED: \/\S+\/backups is a link to \/\S+\/not-mounted, which is not there\nHINT: Mount or create/,
      );
    }
  });

  it('that is a link to a folder serves', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'mounted'));
    await symlink('mounted', join(folder, 'backups'));
    await writeFile(join(folder, 'mounted', 'a.txt'), 'a');
    const env = { BACKUP_DIR: join(folder, 'backups', 'new'), MEDIA_ROOT: folder };
    expect(await respaldo(['backup', '--media'], env)).toMatchObject({ exitCode: 0 });
  });

  it.each([
    {
      name: 'takes no folders, as /proc and those of an automounter',
      dir: '/proc/respaldo/crm',
      says: /ERROR STORAGE_FAILED: \/proc\/respaldo cannot be made: \/proc takes no new folders\nHINT: /,
    },
    { name: 'is read-only', dir: '/sys/respaldo', says: /ERROR STORAGE_\w+: \/sys\/respaldo\/.* not written: / },
    {
      name: 'is below a file',
      dir: '/etc/passwd/x',
      says: /ERROR STORAGE_FAILED: .* not \w+: ENOTDIR.*\nHINT: A part of that path is a file/,
    },
  ])('that $name ends a backup before it begins to matter', async ({ dir, says }) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.txt'), 'a');
    const { exitCode, stderr } = await respaldo(['backup', '--media'], { BACKUP_DIR: dir, MEDIA_ROOT: folder });
    expect(exitCode, stderr).toBe(4);
    expect(stderr).toMatch(says);
  });

  // Root may write everywhere.
  it.skipIf(process.getuid?.() === 0)('that may not be written names chown', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o500);
    const { exitCode, stderr } = await respaldo(['backup', '--media'], { BACKUP_DIR: folder, MEDIA_ROOT: '/etc/apt' });
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(
      /ERROR STORAGE_DENIED: .*EACCES.*\nHINT: Give the user who runs respaldo \(uid \d+\) the right to it/,
    );
  });
});

describe('doctor without a network', { timeout: 60_000 }, () => {
  it.each([
    {
      name: 'nothing listens',
      host: '127.0.0.1',
      fix: /Nothing listens there: start the server, or correct AWS_ENDPOINT_URL/,
    },
    {
      name: 'no name is resolved',
      host: 'nowhere.invalid',
      fix: /The name cannot be resolved|This machine reaches neither a network nor a name server/,
    },
  ])('$name: says what to mend, and does not blame rights', async ({ host, fix }) => {
    const { exitCode, stdout } = await respaldo(['doctor'], {
      DATABASE_URL: `postgresql://me@${host}:1/crm`,
      BACKUP_STORAGE: 's3',
      BACKUP_S3_TRIES: '1',
      AWS_S3_BUCKET_NAME: 'some-bucket',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_ENDPOINT_URL: `http://${host}:${await freePort()}`,
    });
    expect(exitCode, stdout).toBe(3);
    expect(stdout).toMatch(/^FAIL \| s3:.*: write \(s3:PutObject\): .*\n +fix: /m);
    expect(stdout).toMatch(fix);
    expect(stdout).toMatch(/^WARN \| s3:.*: remove \(s3:DeleteObject\): not tried/m);
    expect(stdout).toMatch(/^FAIL \| clock: .* not reached: .*(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)/m);
    expect(stdout).not.toMatch(/needs the right/);
  });
});
