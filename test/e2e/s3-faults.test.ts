import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { always, type Choose, first, reading } from '../support/faults.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, testDatabase } from '../support/postgres.js';
import { type Fault, s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

/** Uncompressed, it takes three parts of 8 MiB. */
const threeParts = `CREATE TABLE noise AS SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 100) j) AS t
  FROM generate_series(1, 5500) i`;

const backup = ['backup', '--database', '--no-compress'];
const timeout = 300_000;
const moto = s3Endpoint() ?? '';

/** The first so many tries to complete objects whose key ends so. */
const of =
  (suffix: string, fault: Fault, count = Number.POSITIVE_INFINITY): Choose =>
  ({ operation, key, before }) =>
    operation === 'CompleteMultipartUpload' && key.endsWith(suffix) && before < count ? fault : undefined;

async function scene() {
  const database = await testDatabase(threeParts);
  const bucket = await testBucket();
  const proxy = await s3Proxy(moto);
  const env = {
    DATABASE_URL: database.url,
    BACKUP_DIR: await temporaryFolder(),
    ...bucket.env,
    AWS_ENDPOINT_URL: proxy.endpoint,
    BACKUP_STORAGE: 's3',
    BACKUP_S3_TIMEOUT: '6', // silence is told apart from a slow machine
    BACKUP_S3_TRIES: '3',
  };
  const unfinished = async () => {
    const { Uploads = [] } = await bucket.client.send(new ListMultipartUploadsCommand({ Bucket: bucket.name }));
    return Uploads.length;
  };
  const listed = async () => JSON.parse((await respaldo(['list', '--json'], env)).stdout).length;
  return { database, bucket, proxy, env, unfinished, listed };
}

describe.skipIf(moto === '')('a backup to S3', { timeout }, () => {
  it('goes through everything that passes: busy, reset, stalled, answers lost', async () => {
    const { proxy, env, unfinished } = await scene();
    const faults = [
      first(1, 'ListObjectsV2', { answer: 503, code: 'SlowDown' }),
      first(1, 'CreateMultipartUpload', { answer: 503, code: 'SlowDown' }),
      first(1, 'UploadPart', 'reset'),
      first(1, 'UploadPart', 'stall'),
      first(1, 'CompleteMultipartUpload', 'lose the answer'),
      of('manifest.json', 'lose the answer', 1),
    ];
    proxy.fail((call) => faults.map((fault) => fault(call)).find((fault) => fault !== undefined));
    const run = await respaldo(backup, env);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(await unfinished()).toBe(0);
    const verified = await respaldo(['verify', '--all'], env);
    expect(verified.stdout).toMatch(/^OK {3}\| db_backup_\w+ \| s3:.* bytes as they were stored$/);
  });

  it('by a role that may only write goes through lost answers, and says so', async () => {
    const { proxy, env, unfinished, listed } = await scene();
    proxy.fail(({ operation, before }) => {
      if (/^(?:Head|Get|List|Delete)/.test(operation)) return { answer: 403, code: 'AccessDenied' };
      if (operation !== 'CompleteMultipartUpload') return undefined;
      return before === 0 ? 'lose the answer' : { answer: 412, code: 'PreconditionFailed' };
    });
    const run = await respaldo(backup, env);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stderr).toMatch(/\.sql is stored: S3 had done it, and only its answer was lost/);
    expect(run.stderr).toMatch(/manifest\.json is stored: S3 had done it/);
    proxy.fail(() => undefined);
    expect(await listed()).toBe(1);
    expect(await unfinished()).toBe(0);
    expect(await respaldo(['verify', '--all'], env)).toMatchObject({ exitCode: 0 });
  });

  it.each<{ name: string; fault: Choose; says: RegExp; hint: RegExp }>([
    {
      name: 'S3 is busy through every try',
      fault: always('UploadPart', { answer: 503, code: 'SlowDown' }),
      says: /ERROR STORAGE_FAILED: .*not written: HTTP 503 SlowDown: .*tried 3 times/,
      hint: /S3 was busy or down through every try/,
    },
    {
      name: 'the server falls silent for good',
      fault: always('UploadPart', 'stall'),
      says: /ERROR STORAGE_FAILED: .*not written: TimeoutError: .*tried 3 times/,
      hint: /raise BACKUP_S3_TIMEOUT/,
    },
    {
      name: 'a part comes back with the wrong ETag',
      fault: (call) => (call.part === 2 ? 'wrong etag' : undefined),
      says: /ERROR STORAGE_FAILED: .*InvalidPart/,
      hint: /not the ones that were sent/,
    },
    {
      name: 'the manifest cannot be stored',
      fault: of('manifest.json', { answer: 500, code: 'InternalError' }),
      says: /ERROR STORAGE_FAILED: .*manifest\.json not written: HTTP 500/,
      hint: /run again/,
    },
  ])('fails when $name: nothing is listed, nothing is left, the next run works', async ({ fault, says, hint }) => {
    const { proxy, env, unfinished, listed, bucket } = await scene();
    proxy.fail(fault);
    const run = await respaldo(backup, env);
    expect(run.exitCode, run.stderr).toBe(4);
    expect(run.stderr).toMatch(says);
    expect(run.stderr).toMatch(hint);
    proxy.fail(() => undefined);
    expect(await listed()).toBe(0);
    expect(await bucket.keys()).toEqual([]);
    expect(await unfinished()).toBe(0);
    const next = await respaldo(backup, env);
    expect(next, next.stderr).toMatchObject({ exitCode: 0 });
    expect(await listed()).toBe(1);
    expect(await respaldo(['cleanup'], env)).toMatchObject({ exitCode: 0 });
    expect(await unfinished()).toBe(0);
  });
});

describe.skipIf(moto === '')('a backup to a folder and to S3', { timeout }, () => {
  it.each<{ name: string; fault: Choose }>([
    { name: 'nothing is answered at all', fault: () => 'reset' },
    { name: 'only the manifest fails', fault: of('manifest.json', { answer: 503, code: 'SlowDown' }) },
  ])('completes in the folder when in S3 $name, and says so', async ({ fault }) => {
    const { proxy, env, listed } = await scene();
    const both = { ...env, BACKUP_STORAGE: 'both' };
    proxy.fail(fault);
    const run = await respaldo(backup, both);
    expect(run.exitCode, run.stderr).toBe(4);
    expect(run.stdout).toMatch(/^db_backup_\d+_\d+: .* MB in \//);
    expect(run.stderr).toMatch(/WARNING: db_backup_\w+ is not stored in s3:\/\/.*: /);
    proxy.fail(() => undefined);
    expect(await listed()).toBe(0);
    const list = await respaldo(['list'], both);
    expect(list.stdout).toMatch(/Backups available \(1\):\n-+\nDATABASE .*\| local$/);
    expect(await respaldo(['verify', '--all'], both)).toMatchObject({ exitCode: 0 });
    expect(await respaldo(backup, both)).toMatchObject({ exitCode: 0 });
  });

  it('completes in S3 when the folder cannot be written, and says so', async () => {
    const { env, listed } = await scene();
    const blocked = join(env.BACKUP_DIR, 'a-file');
    await writeFile(blocked, '');
    const run = await respaldo(backup, { ...env, BACKUP_STORAGE: 'both', BACKUP_DIR: blocked });
    expect(run.exitCode, run.stderr).toBe(4);
    expect(run.stderr).toMatch(
      /WARNING: db_backup_\w+ is not stored in \/.*a-file: .*\. A part of that path is a file.*BACKUP_DIR\.$/m,
    );
    expect(await listed()).toBe(1);
  });

  it('with S3 out of reach, what the folder has is listed, checked and restored', async () => {
    const { proxy, env, database } = await scene();
    const both = { ...env, BACKUP_STORAGE: 'both' };
    expect(await respaldo(backup, both)).toMatchObject({ exitCode: 0 });
    const before = await contentsOf(database.name);
    await database.query('DELETE FROM noise');
    proxy.fail(() => ({ answer: 503, code: 'SlowDown' }));
    const list = await respaldo(['list'], both);
    expect(list.exitCode).toBe(4);
    expect(list.stdout).toMatch(/Backups available \(1\):\n-+\nDATABASE /);
    expect(list.stderr).toMatch(/ERROR STORAGE_FAILED: s3:.* not listed/);
    const check = await respaldo(['check'], both);
    expect(check.exitCode).toBe(4);
    expect(check.stdout).toMatch(/^OK {3}\| database age/m);
    expect(check.stdout).toMatch(/^FAIL \| storage +\| s3:.* not listed: HTTP 503 SlowDown/m);
    // Which backup is the newest cannot be told; the message names the one that is at hand.
    const latest = await respaldo(['restore', '--latest', '--force'], both);
    expect(latest.exitCode).toBe(4);
    const id = /its newest is (db_backup_\w+): respaldo restore \1/.exec(latest.stderr)?.[1] as string;
    expect(await respaldo(['restore', id, '--force'], both)).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
  });
});

describe.skipIf(moto === '')('a restore from S3', { timeout }, () => {
  it('goes on where it stopped when connections break and fall silent', async () => {
    const { proxy, env, database } = await scene();
    expect(await respaldo(backup, env)).toMatchObject({ exitCode: 0 });
    const before = await contentsOf(database.name);
    await database.query('DELETE FROM noise');
    const faults = [reading('.sql', 1, { stallAfter: 2_000_000 }), reading('.sql', 3, { resetAfter: 3_000_000 })];
    proxy.fail((call) => faults.map((fault) => fault(call)).find((fault) => fault !== undefined));
    const run = await respaldo(['restore', '--latest', '--force'], env);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
  });

  it.each<{ name: string; fault: Choose; code: number; says: RegExp }>([
    {
      name: 'the archive is cut short and says that it is whole',
      fault: reading('.sql', 99, 'cut short'),
      code: 6,
      says: /ERROR (DIGEST_DIFFERS|ARCHIVE_CORRUPT): /,
    },
    {
      name: 'a bit of the archive flips on its way',
      fault: reading('.sql', 99, 'flip a bit'),
      code: 6,
      says: /ERROR DIGEST_DIFFERS: /,
    },
    {
      name: 'the manifest is cut short',
      fault: reading('.json', 99, 'cut short'),
      code: 6,
      says: /ERROR MANIFEST_INVALID: /,
    },
  ])('ends and changes nothing when $name', async ({ fault, code, says }) => {
    const { proxy, env, database } = await scene();
    expect(await respaldo(backup, env)).toMatchObject({ exitCode: 0 });
    await database.query('DELETE FROM noise WHERE i % 2 = 0');
    const before = await contentsOf(database.name);
    proxy.fail(fault);
    const run = await respaldo(['restore', '--latest', '--force'], env);
    expect(run.exitCode, run.stderr).toBe(code);
    expect(run.stderr).toMatch(says);
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await database.relatives()).toEqual([database.name]);
    proxy.fail(() => undefined);
    expect(await respaldo(['restore', '--latest', '--force'], env)).toMatchObject({ exitCode: 0 });
  });
});

describe.skipIf(moto === '')('a cleanup in S3', { timeout }, () => {
  it('whose removals fail goes on with the rest, says so, and finishes next time', async () => {
    const { proxy, env, listed } = await scene();
    for (let taken = 0; taken < 3; taken += 1) expect(await respaldo(backup, env)).toMatchObject({ exitCode: 0 });
    const policy = { ...env, BACKUP_KEEP: 'daily=1' };
    proxy.fail(always('DeleteObjects', { answer: 503, code: 'SlowDown' }));
    const failed = await respaldo(['cleanup', '--force'], policy);
    expect(failed.exitCode).toBe(4);
    expect(failed.stderr).toMatch(/WARNING: .*manifest\.json not removed: .*503 SlowDown/);
    expect(failed.stderr).toMatch(/ERROR REMOVAL_FAILED: 2 files could not be removed\nHINT: .*run again/);
    expect(await listed()).toBe(3);
    proxy.fail(first(1, 'DeleteObjects', 'lose the answer'));
    expect(await respaldo(['cleanup', '--force'], policy)).toMatchObject({ exitCode: 0 });
    expect(await listed()).toBe(1);
    expect(await respaldo(['verify', '--all'], env)).toMatchObject({ exitCode: 0 });
  });
});
