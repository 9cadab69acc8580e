import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalStorage } from '../../container/storage/local-storage.js';
import { cleanupCommand } from '../../core/deployed/cleanup-request.js';
import { OperatorError } from '../../core/errors.js';
import type { Event } from '../../core/events.js';
import { silentLog } from '../../core/log.js';
import type { Storage } from '../../core/storage.js';
import { cleanUp } from '../../functions/cleanup.js';
import { deployment } from '../support/aws/deployment.js';
import { putBackups } from '../support/catalog.js';
import { temporaryFolder } from '../support/folders.js';

describe('the cleanup of several targets', () => {
  it('goes on with the others where one cannot be looked at, and fails in the end', async () => {
    const folder = await temporaryFolder();
    const times = [1, 2, 3, 4].map((month) => new Date(`2026-0${month}-15T03:00:00Z`));
    await putBackups(
      folder,
      times.map((time) => ({ time, content: 'x' })),
    );
    const [database, ...others] = deployment.targets;
    expect(others.length).toBeGreaterThan(0);
    const logged: unknown[] = [];
    const told: Event[] = [];
    // The Lambda's is a bucket; what it does with a storage is the same.
    const storage = new LocalStorage(folder) as Storage as never;
    const context = {
      ...{ deployment: { ...deployment, targets: [...others, database as (typeof others)[0]] }, storage },
      log: { ...silentLog, error: (error: unknown) => logged.push(error) },
      announce: async (event: Event) => {
        told.push(event);
      },
      now: new Date('2026-04-16T03:00:00Z'),
    };
    const unreadable = join(folder, others[0]?.kind ?? '');
    await rm(unreadable, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(unreadable, 'a file where a folder should be');
    await expect(cleanUp(context, {})).rejects.toBeInstanceOf(OperatorError);
    expect(logged).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/ENOTDIR|not a directory/i) }),
    );
    expect(told).toMatchObject([{ name: 'Cleanup Completed', detail: { kind: 'database' } }]);
  });
});

it.each([
  { retention: {}, target: '', rules: '' },
  { retention: { days: 7 }, target: '', rules: ' BACKUP_RETENTION_DAYS=7' },
  {
    retention: { keep: { daily: 0, weekly: 0, monthly: 0, yearly: 0 } },
    target: '',
    rules: ' BACKUP_KEEP=daily=0',
  },
  {
    retention: { days: 7, keep: { daily: 14, weekly: 8, monthly: 0, yearly: 0 } },
    target: 'crm',
    rules: ' BACKUP_TARGET=crm BACKUP_RETENTION_DAYS=7 BACKUP_KEEP=daily=14,weekly=8',
  },
])('what cleanup refuses can be done by hand with $retention of "$target"', ({ retention, target, rules }) => {
  expect(cleanupCommand({ ...deployment, retention }, target)).toBe(
    `BACKUP_STORAGE=s3 AWS_S3_BUCKET_NAME=b AWS_S3_REGION_NAME=eu-west-1${rules} npx respaldo cleanup --force`,
  );
});

it('a cleanup that would remove too much names the command', async () => {
  const folder = await temporaryFolder();
  const now = new Date('2026-04-16T03:00:00Z');
  const backups = [1, 40, 41].map((days) => ({ time: new Date(now.getTime() - days * 86_400_000) }));
  await putBackups(folder, backups);
  const storage = new LocalStorage(folder) as Storage as never;
  const context = { deployment, storage, log: silentLog, announce: async () => {}, now };
  await expect(cleanUp(context, {})).rejects.toMatchObject({
    message: 'cleanup would remove 2 of 3 database backups, more than half: nothing was removed',
    hint: expect.stringMatching(/AWS_S3_BUCKET_NAME=b .* npx respaldo cleanup --force\.$/),
  });
});

describe('cleanup says whether it was done', () => {
  const now = new Date('2026-04-16T03:00:00Z');
  const daysBefore = (days: number) => new Date(now.getTime() - days * 86_400_000);
  it.each([
    { ages: [1, 2, 40], event: {}, done: 'removed 1 of 3', left: 4 },
    { ages: [1, 2, 40], event: { dryRun: true }, done: 'nothing, in a dry run; cleanup would remove 1 of 3', left: 6 },
    {
      ages: [1, 40, 41],
      event: { dryRun: true },
      done: 'nothing, in a dry run; cleanup would refuse to remove 2 of 3, which is more than half',
      left: 6,
    },
  ])('$event of backups $ages days old: $done', async ({ ages, event, done, left }) => {
    const folder = await temporaryFolder();
    await putBackups(
      folder,
      ages.map((days) => ({ time: daysBefore(days) })),
    );
    const storage = new LocalStorage(folder);
    const context = { deployment, storage: storage as never, log: silentLog, announce: async () => {}, now };
    const [database] = await cleanUp(context, event);
    expect(database).toMatchObject({ kind: 'database', done });
    let objects = 0;
    for await (const _ of storage.list('database/')) objects += 1;
    expect(objects).toBe(left);
  });
});
