import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { LocalStorage } from '../../container/storage/local-storage.js';
import { S3Storage } from '../../core/aws/s3-storage.js';
import { serializeVerification, type Verification } from '../../core/drill/verification.js';
import type { Event } from '../../core/events.js';
import { silentLog } from '../../core/log.js';
import type { Storage } from '../../core/storage.js';
import { check } from '../../functions/check.js';
import { deployment as everything } from '../support/aws/deployment.js';
import { madeBackup, putBackups } from '../support/catalog.js';
import { temporaryFolder } from '../support/folders.js';
import { s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const cloudWatch = mockClient(CloudWatchClient);
const { targets } = everything;
/** Of the database alone. */
const deployment = { ...everything, targets: targets.slice(0, 1) };
const older = new Date('2026-01-14T03:00:00Z');
const newer = new Date('2026-01-15T03:00:00Z');

/** Two backups, the newer of them a hundredth of the other. */
async function checked(begun: Date, now: Date) {
  const folder = await temporaryFolder();
  await putBackups(folder, [
    { time: older, content: 'x'.repeat(1000) },
    { time: newer, content: 'x'.repeat(10) },
  ]);
  await utimes(join(folder, 'database/db_backup_20260115_030000.sql.gz'), begun, begun);
  const told: Event[] = [];
  const report = await check({
    ...{ deployment, log: silentLog, cloudWatch: new CloudWatchClient(), now },
    // The Lambda's is a bucket; what it does with a storage is the same.
    storage: new LocalStorage(folder) as Storage as never,
    announce: async (event) => {
      told.push(event);
    },
  });
  return { report, told };
}

/** A check at a quarter past four of what a folder holds. */
function checkOf(folder: string, of: typeof everything) {
  return check({
    ...{ deployment: of, log: silentLog, cloudWatch: new CloudWatchClient(), now: new Date('2026-01-15T04:15:00Z') },
    storage: new LocalStorage(folder) as Storage as never,
    announce: async () => {},
  });
}

const proof: Verification = {
  schemaVersion: 1,
  ...{ backup: 'db_backup_20260115_030000', passed: true, program: { name: 'respaldo', version: '0' } },
  ...{ startedAt: '2026-01-15T04:00:00Z', finishedAt: '2026-01-15T04:01:00Z', seconds: { restore: 1, total: 2 } },
  ...{ bytes: 7, bytesPerSecond: 7, differences: [], notes: [] },
  compared: { tables: 0, rows: 0, hashed: 0, sequences: 0, largeObjects: 0, objects: 0, files: 0, assertions: 0 },
};

/** The metrics of the last check, by target and name. */
function measuredOf(kind: string): Record<string, number | undefined> {
  const data = cloudWatch.commandCalls(PutMetricDataCommand).at(-1)?.args[0].input.MetricData ?? [];
  const ofKind = data.filter(({ Dimensions }) =>
    Dimensions?.some(({ Name, Value }) => Name === 'Kind' && Value === kind),
  );
  return Object.fromEntries(ofKind.map(({ MetricName, Value }) => [MetricName ?? '', Value]));
}

beforeEach(() => {
  cloudWatch.reset();
  cloudWatch.on(PutMetricDataCommand).resolves({});
});

describe('the hourly check', () => {
  it('tells what is odd about a new backup once, and measures', async () => {
    // S3 says of an upload in parts when it was begun; it was finished at three.
    const begun = new Date('2026-01-15T01:00:00Z');
    const soon = await checked(begun, new Date('2026-01-15T03:15:00Z'));
    expect(soon.told).toEqual([
      {
        name: 'Backup Anomaly',
        detail: expect.objectContaining({
          environment: 'prod',
          backup: 'db_backup_20260115_030000',
          anomalies: [expect.objectContaining({ what: 'size down', before: 1000, now: 10 })],
        }),
      },
    ]);
    const later = await checked(begun, new Date('2026-01-15T04:15:00Z'));
    expect(later.told).toEqual([]);
    expect(later.report.targets[0]).toMatchObject({
      ageHours: 1.3,
      stale: false,
      drillFailed: false,
      odd: [expect.stringContaining('10 bytes')],
    });
    const data = cloudWatch.commandCalls(PutMetricDataCommand).at(-1)?.args[0].input.MetricData ?? [];
    expect(Object.fromEntries(data.map(({ MetricName, Value }) => [MetricName, Value]))).toMatchObject({
      HoursSinceLastGoodBackup: 1.25,
      BackupSizePercent: 1,
      HoursSinceNewestProvenBackup: 100_000,
      NewestDrillFailed: 0,
    });
  });

  it.each([
    {
      title: 'a drill that failed counts until a newer backup is drilled',
      records: { older: 'drill_failed_20260114_060000' },
      failed: 1,
    },
    {
      title: 'a newer backup that is proven ends it',
      records: { older: 'drill_failed_20260114_060000', newer: 'verified' },
      failed: 0,
    },
    {
      title: 'a newer one that fails begins it',
      records: { older: 'verified', newer: 'drill_failed_20260115_060000' },
      failed: 1,
    },
  ])('$title', async ({ records, failed }) => {
    const folder = await temporaryFolder();
    await putBackups(folder, [{ time: older }, { time: newer }]);
    for (const [which, record] of Object.entries(records)) {
      const name = `database/db_backup_${which === 'older' ? '20260114' : '20260115'}_030000.${record}.json`;
      await writeFile(join(folder, name), serializeVerification(proof));
    }
    const { targets } = await checkOf(folder, deployment);
    expect(targets[0]).toMatchObject({ drillFailed: failed === 1 });
    expect(measuredOf('database')).toMatchObject({ NewestDrillFailed: failed });
  });

  it.skipIf(s3Endpoint() === null)(
    'measures nothing of a target that cannot be read, and fails at the end',
    async () => {
      const bucket = await testBucket();
      for (const kind of ['database', 'media'] as const)
        for (const [key, bytes] of Object.entries(madeBackup({ time: newer, kind }))) await bucket.put(key, bytes);
      const proxy = await s3Proxy(s3Endpoint() as string);
      const { region, credentials } = bucket.client.config;
      const client = new S3Client({ endpoint: proxy.endpoint, region, credentials, forcePathStyle: true });
      proxy.fail(({ operation, key }) =>
        operation === 'GetObject' && key.startsWith('database/') ? { answer: 403, code: 'AccessDenied' } : undefined,
      );
      const checking = check({
        ...{ deployment: everything, log: silentLog, cloudWatch: new CloudWatchClient(), announce: async () => {} },
        storage: new S3Storage({ client, bucket: bucket.name, prefix: '' }),
        now: new Date('2026-01-15T04:15:00Z'),
      });
      await expect(checking).rejects.toMatchObject({ code: 'STORAGE_DENIED' });
      expect(measuredOf('database')).toEqual({});
      expect(measuredOf('media')).toMatchObject({ HoursSinceLastGoodBackup: 1.25 });
    },
  );

  it('a record that cannot be read proves nothing, and hides nothing else', async () => {
    const folder = await temporaryFolder();
    await putBackups(folder, [{ time: newer }, { time: newer, kind: 'media' }]);
    await writeFile(join(folder, 'database/db_backup_20260115_030000.verified.json'), '{');
    const { targets } = await checkOf(folder, everything);
    expect(targets).toMatchObject([{ kind: 'database', proven: undefined }, { kind: 'media' }]);
    expect(measuredOf('database')).toMatchObject({
      HoursSinceLastGoodBackup: 1.25,
      HoursSinceNewestProvenBackup: 100_000,
    });
    expect(measuredOf('media')).toMatchObject({ HoursSinceLastGoodBackup: 1.25 });
  });
});
