import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliEnvironment, respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { nowhere, oneMessage, words } from '../support/mistakes.js';
import { serverUrl, testDatabase } from '../support/postgres.js';

describe('what a newcomer names wrongly', { timeout: 60_000 }, () => {
  it.each([
    { line: 'restore latest', code: 5, says: /no backup "latest".*\nHINT: .*--latest\.$/ },
    { line: 'drill latest', code: 5, says: /no backup "latest".*\nHINT: .*--latest\.$/ },
    { line: 'restore 2024-01-15', code: 5, says: /\nHINT: A backup is named by its id.*respaldo list\.$/ },
    {
      line: 'restore FOLDER',
      code: 5,
      says: /FOLDER is a folder, and no backup\nHINT: .*BACKUP_DIR=FOLDER respaldo list/,
    },
    {
      line: 'restore s3://some-bucket/backups/',
      code: 5,
      says: /s3:\/\/some-bucket\/backups\/ names no backup\nHINT: Name one in it/,
    },
    { line: 'restore nope', code: 5, says: /\nHINT: List what there is: respaldo list\.$/ },
  ])('$line', async ({ line, code, says }) => {
    const folder = await temporaryFolder();
    const { exitCode, stderr } = await respaldo(words(line.replace('FOLDER', folder)), {
      ...nowhere,
      BACKUP_DIR: folder,
    });
    expect(exitCode, stderr).toBe(code);
    expect(stderr).toMatch(oneMessage);
    expect(stderr.replaceAll(folder, 'FOLDER')).toMatch(says);
  });

  it.each<{ name: string; env: CliEnvironment; says: RegExp }>([
    {
      name: 'no database',
      env: { PGPORT: '1' },
      says: /ERROR SERVER_UNREACHABLE: .*\nHINT: Nothing names a database.*DATABASE_URL=/,
    },
    {
      name: 'a port that is none',
      env: { DATABASE_URL: 'postgresql://x@y:99999/z' },
      says: /\nHINT: .*a port up to 65535/,
    },
  ])('$name', async ({ env, says }) => {
    const { stderr } = await respaldo(['backup', '--database'], { BACKUP_DIR: await temporaryFolder(), ...env });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(oneMessage);
  });

  it('a BACKUP_DIR that is not there, or not where it was meant', async () => {
    const folder = await temporaryFolder();
    const { exitCode, stderr } = await respaldo(['list'], { BACKUP_DIR: join(folder, 'bakcups') });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /^WARNING: .*\/bakcups is not there: the first backup makes it, or BACKUP_DIR is to be corrected$/,
    );
    const relative = await respaldo(['restore', '--latest'], { ...nowhere, BACKUP_DIR: 'no-such-folder' });
    expect(relative.stderr).toContain(`there is no database backup in ${process.cwd()}/no-such-folder`);
  });

  it('patterns and keys that fit nothing', async () => {
    const { url } = await testDatabase('CREATE TABLE t (n int)');
    const env = { BACKUP_DIR: await temporaryFolder(), DATABASE_URL: url };
    const tries: { args: string[]; more?: CliEnvironment; code: number; says: RegExp }[] = [
      {
        args: ['--table', 'nosuch'],
        code: 2,
        says: /USAGE: .*no matching tables were found.*\nHINT: Names are pg_dump’s patterns/,
      },
      {
        args: ['--schema', 'nosuch'],
        code: 2,
        says: /USAGE: .*no matching schemas were found.*\nHINT: Names are pg_dump’s patterns/,
      },
      {
        args: [],
        more: { BACKUP_AGE_RECIPIENTS: 'age1xyz' },
        code: 2,
        says: /KEY_MISSING: age cannot encrypt to what BACKUP_AGE_RECIPIENTS names: malformed recipient/,
      },
      { args: [], more: { BACKUP_AGE_RECIPIENTS: 'me' }, code: 2, says: /KEY_MISSING: .*unknown recipient type/ },
    ];
    for (const { args, more, code, says } of tries) {
      const { exitCode, stderr } = await respaldo(['backup', '--database', ...args], { ...env, ...more });
      expect(stderr).toMatch(says);
      expect(stderr.slice(stderr.indexOf('ERROR'))).toMatch(oneMessage);
      expect(exitCode).toBe(code);
    }
    const doctor = await respaldo(['doctor'], { ...env, PG_BINDIR: '/nowhere' });
    expect(doctor.stdout).toMatch(/^WARN \| pg_dump, psql, pg_restore: .*; PG_BINDIR names \/nowhere, where no/m);
  });

  it('TLS of a server that has none', async () => {
    const { url } = await testDatabase();
    const env = { BACKUP_DIR: await temporaryFolder(), DATABASE_URL: `${url}?sslmode=require` };
    const { exitCode, stderr } = await respaldo(['backup', '--database'], env);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/does not support SSL connections\nHINT: The server speaks no TLS: .*sslmode=prefer/);
  });

  it('a role that the server does not know', async () => {
    const env = { BACKUP_DIR: await temporaryFolder(), DATABASE_URL: serverUrl('postgres', 'no_such_role') };
    const { exitCode, stderr } = await respaldo(['backup', '--database'], env);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/role "no_such_role" does not exist\nHINT: Create the role/);
  });

  it('a MEDIA_ROOT in a bucket, without credentials', async () => {
    const env = { BACKUP_DIR: await temporaryFolder(), MEDIA_ROOT: 's3://media', AWS_EC2_METADATA_DISABLED: 'true' };
    const { exitCode, stderr } = await respaldo(['backup', '--media'], env);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/ERROR MEDIA_UNREADABLE: .*\nHINT: No credentials were found: set AWS_ACCESS_KEY_ID/);
  });
});

describe('a MEDIA_ROOT that is no folder of its own', { timeout: 60_000 }, () => {
  it.each([
    {
      name: 'the root of the file system',
      root: '/',
      says: /MEDIA_ROOT \/ is the root of the file system\nHINT: Correct/,
    },
    { name: 'a file', root: 'a-file', says: /MEDIA_ROOT \S+\/a-file is no directory\nHINT: Correct/ },
  ])('is refused, backed up and restored: $name', async ({ root, says }) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'media'));
    await writeFile(join(folder, 'a-file'), 'precious');
    const env = { BACKUP_DIR: join(folder, 'backups'), MEDIA_ROOT: join(folder, 'media') };
    expect(await respaldo(['backup', '--media'], env)).toMatchObject({ exitCode: 0 });
    const wrong = { ...env, MEDIA_ROOT: root === '/' ? root : join(folder, root) };
    for (const args of [
      ['backup', '--media'],
      ['restore', '--latest', '--media', '--dry-run'],
    ]) {
      const { exitCode, stderr } = await respaldo(args, wrong);
      expect(exitCode, stderr).toBe(3);
      expect(stderr).toMatch(says);
    }
    expect((await respaldo(['doctor'], wrong)).stdout).toMatch(/^FAIL \| media files: MEDIA_ROOT/m);
  });
});

describe('a MEDIA_ROOT where backups are stored', { timeout: 60_000 }, () => {
  it.each([
    { name: 'is the folder of the backups', media: '.', dir: '.' },
    { name: 'is the folder of the media backups', media: 'media', dir: '.' },
    { name: 'is a link to it', media: 'link', dir: '.' },
    { name: 'holds the folder of the media backups', media: 'crm', dir: '.', target: 'crm' },
    { name: 'is within it', media: 'media/of/old', dir: '.' },
  ])('is refused: $name', async ({ media, dir, target }) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'media/of/old'), { recursive: true });
    await mkdir(join(folder, 'crm'));
    await symlink('media', join(folder, 'link'));
    const env = { BACKUP_DIR: join(folder, dir), MEDIA_ROOT: join(folder, media), BACKUP_TARGET: target };
    const { exitCode, stderr } = await respaldo(['backup', '--media'], env);
    expect(exitCode, stderr).toBe(2);
    expect(stderr).toMatch(
      /ERROR SETTINGS_INVALID: MEDIA_ROOT .* is a folder of the backups in .*\nHINT: Keep backups else/,
    );
    expect((await respaldo(['doctor'], env)).stdout).toMatch(
      /^FAIL \| media files: MEDIA_ROOT .* is a folder of the back/m,
    );
  });

  it.each([
    { name: 'holds them', media: '.', dir: 'backups' },
    { name: 'holds them in a folder called media', media: 'media', dir: 'media/backups' },
    { name: 'lies beside them', media: 'uploads', dir: '.' },
  ])('is fine: $name', async ({ media, dir }) => {
    const folder = await temporaryFolder();
    for (const each of [media, dir]) await mkdir(join(folder, each), { recursive: true });
    await writeFile(join(folder, media, 'a.txt'), 'a');
    const env = { BACKUP_DIR: join(folder, dir), MEDIA_ROOT: join(folder, media) };
    for (const _ of [1, 2]) {
      const run = await respaldo(['backup', '--media', '--json'], env);
      expect(run.exitCode, run.stderr).toBe(0);
      expect(JSON.parse(run.stdout)).toMatchObject([{ manifest: { media: { files: 1 } } }]);
    }
  });
});
