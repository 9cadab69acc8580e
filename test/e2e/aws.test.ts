import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { stampOf } from '../../core/archive-name.js';
import { manifestPadding } from '../../core/manifest.js';
import { clientConfig } from '../support/aws/clients.js';
import { RunningEnvironment, type SentEvent } from '../support/aws/running-environment.js';
import { respaldo } from '../support/cli.js';
import { contentsOf, crmSample, query } from '../support/postgres.js';
import { s3Endpoint } from '../support/s3.js';

const env = `t${randomBytes(4).toString('hex')}`;
const database = `aws_${env}`;
const media = `media-${env}`;
/** The server does not ask for it. */
const password = 'canary of the d@tabase 17b8';
const moto = s3Endpoint() ?? '';

let aws: RunningEnvironment;

/** Takes a backup as its schedule does; answers with its id, and with what the news of it starts. */
async function backedUp(kind: 'database' | 'media', time: string): Promise<{ id: string; news: SentEvent }> {
  await delay(1_000); // names are by the second, and what may not list cannot look for a newer one
  await aws.call('start-backup', await aws.due(`backup-${kind}`, time));
  expect((await aws.ended()).outcome).toEqual({ result: 'well' });
  const news = aws.events.findLast((event) => event.name === 'Backup Completed');
  if (!news) throw new Error('no backup was told of');
  return { id: String(news.detail.backup), news };
}

/** A bit of a stored archive changes, as disks and people do it. */
async function damage(id: string): Promise<void> {
  const [Key = ''] = (await aws.keys(`backups/media/${id}.`)).filter((key) => key.includes('.tar.'));
  const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket: aws.bucket, Key }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await aws.s3.send(new PutObjectCommand({ Bucket: aws.bucket, Key, Body: bytes }));
}

describe.skipIf(moto === '')('an environment in AWS', { timeout: 300_000 }, () => {
  beforeAll(async () => {
    await query('postgres', `CREATE DATABASE ${pg.escapeIdentifier(database)}`);
    await query(database, crmSample);
    const { ARN: secretArn } = await new SecretsManagerClient(clientConfig(moto)).send(
      new CreateSecretCommand({
        Name: `respaldo-${env}-login`,
        SecretString: JSON.stringify({ username: 'postgres', password }),
      }),
    );
    const s3 = new S3Client({ ...clientConfig(moto), forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: media }));
    for (const Key of ['uploads/a.txt', 'uploads/deep/b.txt', 'of others'])
      await s3.send(new PutObjectCommand({ Bucket: media, Key, Body: `content of ${Key}` }));
    aws = await RunningEnvironment.deploy(moto, env, {
      zone: 'Europe/Madrid',
      databases: [
        {
          host: '127.0.0.1',
          port: inject('postgres').port,
          name: database,
          secretArn,
          sslMode: 'disable',
          format: 'custom',
        },
      ],
      media: [{ bucket: media, prefix: 'uploads/' }],
      drill: { afterBackup: true, assertions: 'SELECT count(*) = 500 AS "all customers" FROM customers' },
      retention: { days: 30 },
      image: 'registry.example/respaldo:test',
    });
  }, 900_000);

  afterAll(async () => {
    await aws?.remove();
    const left = await query<{ datname: string }>(
      'postgres',
      'SELECT datname FROM pg_database WHERE starts_with(datname::text, $1)',
      [database],
    );
    for (const { datname } of left)
      await query('postgres', `DROP DATABASE ${pg.escapeIdentifier(datname)} WITH (FORCE)`);
  });

  it('a schedule that is delivered twice takes one backup', async () => {
    const event = await aws.due('backup-database', '2026-01-15T02:00:00Z');
    const first = await aws.call('start-backup', event);
    const second = await aws.call('start-backup', event);
    expect(first).toMatchObject({
      result: { started: [{ kind: 'database', taskArn: expect.stringContaining(':task/') }] },
    });
    expect(second).toEqual(first);
    expect(aws.tasks).toHaveLength(1);

    const { end, outcome } = await aws.ended();
    expect(end.containers).toEqual([{ name: 'respaldo', exitCode: 0 }]);
    expect(outcome).toEqual({ result: 'well' });
    expect(await aws.keys('backups/')).toEqual([
      expect.stringMatching(/^backups\/database\/db_backup_\d{8}_\d{6}\.dump\.gz$/),
      expect.stringMatching(/^backups\/database\/db_backup_\d{8}_\d{6}\.manifest\.json$/),
    ]);
    expect(aws.events.at(-1)).toMatchObject({
      name: 'Backup Completed',
      detail: { environment: env, kind: 'database', target: '', storedIn: [`s3://${aws.bucket}/backups/`] },
    });
  });

  it('the next time it is due, it takes the next', async () => {
    await delay(1_000); // names are by the second, and what may not list cannot look for a newer one
    await aws.call('start-backup', await aws.due('backup-database', '2026-01-16T02:00:00Z'));
    expect(aws.tasks).toHaveLength(2);
    expect((await aws.ended()).outcome).toEqual({ result: 'well' });
  });

  it('restore without a word answers with help, the backups and the schedules', async () => {
    const { result } = (await aws.call('restore', {})) as { result: Record<string, string[]> };
    expect(result.help?.[0]).toMatch(/^Send \{ "backup": "latest" \}/);
    expect(result.backups?.join('\n')).toMatch(/Backups available \(2\):\n-+\nDATABASE \| \d{4}-/);
    expect(result.schedules?.join('\n')).toMatch(
      /backup-database +\| cron\(0 3 \* \* \? \*\) +\| next \d{4}-\d\d-\d\d 03:00 +\| last .* ok: db_backup_/,
    );
  });

  it.each([
    { title: 'no confirmation', request: {} },
    { title: 'a wrong confirmation', request: { confirm: 'another' } },
    { title: 'a dry run', request: { confirm: database, dryRun: true } },
  ])('restore with $title answers with the plan and what to send', async ({ request }) => {
    const before = aws.tasks.length;
    const { result } = (await aws.call('restore', { backup: 'latest', ...request })) as {
      result: { plan: string[]; send: unknown };
    };
    expect(result.plan.join('\n')).toMatch(new RegExp(`Holds: database "${database}" of PostgreSQL .*, \\d+ tables`));
    expect(result.send).toEqual({ backup: expect.stringMatching(/^db_backup_/), confirm: database });
    expect(aws.tasks).toHaveLength(before);
  });

  it('restore with what the plan said brings the data back', async () => {
    const before = await contentsOf(database);
    await query(database, 'DROP VIEW big_deals; DROP TABLE deals; DELETE FROM customers');
    const { result: plan } = (await aws.call('restore', { backup: 'latest' })) as { result: { send: unknown } };
    const answer = await aws.call('restore', plan.send);
    expect(answer).toMatchObject({ result: { started: { log: expect.stringContaining('console.aws.amazon.com') } } });
    expect((await aws.ended()).outcome).toEqual({ result: 'well' });
    expect(await contentsOf(database)).toEqual(before);
    expect(aws.events.at(-1)).toMatchObject({
      name: 'Restore Completed',
      detail: { environment: env, into: database },
    });
  });

  it('restore of one table says what it makes, and brings it back beside the present one', async () => {
    const { result } = (await aws.call('restore', { backup: 'latest', table: 'public.deals', dryRun: true })) as {
      result: { plan: string[]; send: object };
    };
    expect(result.plan.join('\n')).toMatch(/Makes: a table .* from "public.deals", .*Replaces nothing/);
    expect(result.send).toEqual({ backup: expect.stringMatching(/^db_backup_/), table: 'public.deals' });
    await aws.call('restore', { ...result.send, as: 'deals_back' });
    expect((await aws.ended()).outcome).toEqual({ result: 'well' });
    expect(await query(database, 'TABLE deals EXCEPT TABLE deals_back')).toEqual([]);
    expect(await query(database, 'SELECT count(*)::int FROM deals_back')).toEqual([{ count: 2000 }]);
    expect(aws.events.at(-1)).toMatchObject({ name: 'Restore Completed', detail: { into: 'public.deals_back' } });
    await query(database, 'DROP TABLE deals_back');
  });

  it('media files are backed up by their own schedule', async () => {
    await aws.call('start-backup', await aws.due('backup-media', '2026-01-18T03:00:00Z'));
    expect((await aws.ended()).outcome).toEqual({ result: 'well' });
    expect(aws.events.at(-1)).toMatchObject({ name: 'Backup Completed', detail: { kind: 'media' } });
  });

  it('a media file that is gone comes back', async () => {
    const lost = { Bucket: media, Key: 'uploads/a.txt' };
    await aws.s3.send(new DeleteObjectCommand(lost));
    const request = { backup: 'latest', kind: 'media', confirm: `s3://${media}/uploads/` };
    expect(await aws.call('restore', request)).toMatchObject({ result: { started: expect.anything() } });
    expect((await aws.ended()).outcome).toEqual({ result: 'well' });
    const { Body } = await aws.s3.send(new GetObjectCommand(lost));
    expect(await Body?.transformToString()).toBe('content of uploads/a.txt');
  });

  it('drills prove the newest backups, write what they found, and need neither live database nor media files', async () => {
    const answer = await aws.call('start-drill', await aws.due('drill', '2026-02-01T05:00:00Z'));
    expect(answer).toMatchObject({ result: { started: [{ backup: 'latest' }, { backup: 'latest' }] } });
    for (const end of await Promise.all(aws.ends.slice(-2))) {
      expect(end.containers).toEqual([{ name: 'respaldo', exitCode: 0 }]);
      expect(await aws.call('task-stopped', { detail: end })).toEqual({ result: 'well' });
    }
    const records = (await aws.keys('backups/')).filter((key) => key.endsWith('.verified.json'));
    expect(records).toEqual([expect.stringMatching(/database\/db_/), expect.stringMatching(/media\/media_/)]);
    const [restored, read] = await Promise.all(
      records.map(async (Key) => {
        const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket: aws.bucket, Key }));
        return JSON.parse((await Body?.transformToString()) ?? '');
      }),
    );
    expect(restored).toMatchObject({ passed: true, compared: { assertions: 1 } });
    expect(read).toMatchObject({ passed: true, compared: { files: 2, hashed: 2 } });
    const passed = aws.events.filter((event) => event.name === 'Drill Passed');
    expect(passed.map(({ detail }) => detail.kind).sort()).toEqual(['database', 'media']);
    expect(await aws.call('check', {})).toMatchObject({
      result: {
        targets: [
          { drillFailed: false, proven: expect.stringMatching(/^db_backup_/) },
          { drillFailed: false, proven: expect.stringMatching(/^media_backup_/) },
        ],
      },
    });
  });

  it.each(['database', 'media'] as const)('a new %s backup is proven at once, and no other', async (kind) => {
    const { id, news } = await backedUp(kind, '2026-02-08T03:00:00Z');
    const before = aws.tasks.length;
    expect(await aws.deliver(news)).toMatchObject([{ result: { started: [{ kind, backup: id }] } }]);
    const { end, outcome } = await aws.ended();
    expect(end.containers).toEqual([{ name: 'respaldo', exitCode: 0 }]);
    expect(outcome).toEqual({ result: 'well' });
    expect(await aws.keys(`backups/${kind}/${id}.verified`)).toHaveLength(1);
    expect(aws.events.at(-1)).toMatchObject({ name: 'Drill Passed', detail: { environment: env, kind, backup: id } });

    // EventBridge delivers at least once.
    await aws.deliver(news);
    expect(aws.tasks).toHaveLength(before + 1);
  });

  it.each([
    {
      what: 'a database without what the assertions ask for',
      kind: 'database' as const,
      before: () => query(database, "INSERT INTO customers (name) VALUES ('one too many')"),
      code: 'COMPARISON_DIFFERS',
      reason: /assertion 1: "all customers" is false/,
    },
    {
      what: 'damaged media files',
      kind: 'media' as const,
      after: damage,
      code: 'DIGEST_DIFFERS',
      reason: /media_backup_/,
    },
  ])('a drill of $what fails, is told once, and proves nothing', async ({ kind, before, after, code, reason }) => {
    await before?.();
    const { id, news } = await backedUp(kind, '2026-02-15T03:00:00Z');
    await after?.(id);
    expect(await aws.deliver(news)).toMatchObject([{ result: { started: [{ backup: id }] } }]);
    const { end, outcome } = await aws.ended();
    expect(end.containers).toEqual([{ name: 'respaldo', exitCode: 6 }]);
    const failed = {
      name: 'Drill Failed',
      detail: expect.objectContaining({ kind, code, reason: expect.stringMatching(reason) }),
    };
    expect(outcome).toEqual({ result: failed });
    expect(aws.events.at(-1)).toEqual(failed);
    expect(await aws.call('task-stopped', { detail: end })).toEqual({ result: 'told already' });
    expect(await aws.keys(`backups/${kind}/${id}.verified`)).toEqual([]);
    expect(await aws.keys(`backups/${kind}/${id}.drill_failed_`)).toHaveLength(1);
    const { result } = (await aws.call('check', {})) as {
      result: { targets: { kind: string; drillFailed: boolean }[] };
    };
    expect(result.targets.find((target) => target.kind === kind)).toMatchObject({ drillFailed: true });
  });

  it('check measures the age and the size of the newest backup', async () => {
    expect(await aws.call('check', {})).toMatchObject({
      result: {
        targets: [
          { kind: 'database', stale: false, limitHours: 26, damaged: [] },
          { kind: 'media', stale: false, damaged: [] },
        ],
      },
    });
    const { MetricDataResults = [] } = await new CloudWatchClient(clientConfig(moto)).send(
      new GetMetricDataCommand({
        StartTime: new Date(Date.now() - 3_600_000),
        EndTime: new Date(Date.now() + 3_600_000),
        MetricDataQueries: ['HoursSinceLastGoodBackup', 'BackupBytes', 'BackupSizePercent'].map(
          (MetricName, index) => ({
            Id: `m${index}`,
            MetricStat: {
              Metric: {
                Namespace: 'Respaldo',
                MetricName,
                Dimensions: [
                  { Name: 'Environment', Value: env },
                  { Name: 'Kind', Value: 'database' },
                  { Name: 'Target', Value: 'default' },
                ],
              },
              Period: 60,
              Stat: 'Maximum',
            },
          }),
        ),
      }),
    );
    const [age, bytes, percent] = MetricDataResults.map(({ Values }) => Values?.[0] ?? Number.NaN);
    expect(age).toBeLessThan(26);
    expect(bytes).toBeGreaterThan(1000);
    expect(percent).toBeGreaterThan(50);
  });

  it('a task that fails becomes one event, however often and in whatever order ECS tells of it', async () => {
    await query(
      'postgres',
      `ALTER DATABASE ${pg.escapeIdentifier(database)} RENAME TO ${pg.escapeIdentifier(`${database}_gone`)}`,
    );
    await aws.call('start-backup', { kind: 'database' });
    const end = await aws.ends.at(-1);
    await query(
      'postgres',
      `ALTER DATABASE ${pg.escapeIdentifier(`${database}_gone`)} RENAME TO ${pg.escapeIdentifier(database)}`,
    );
    expect(end?.containers).toEqual([{ name: 'respaldo', exitCode: 3 }]);

    const told = aws.events.length;
    const answers = [
      await aws.call('task-stopped', { detail: end }),
      await aws.call('task-stopped', { detail: { ...end, lastStatus: 'RUNNING' } }),
      await aws.call('task-stopped', { detail: end }),
    ];
    expect(answers).toEqual([
      { result: expect.objectContaining({ name: 'Backup Failed' }) },
      { result: 'not ended' },
      { result: 'told already' },
    ]);
    expect(aws.events.slice(told)).toEqual([
      {
        name: 'Backup Failed',
        detail: expect.objectContaining({
          environment: env,
          kind: 'database',
          code: 'SERVER_UNREACHABLE',
          exitCode: 3,
          reason: expect.stringContaining(database),
          runbook: 'docs/runbook.md#server_unreachable',
          log: expect.stringContaining('console.aws.amazon.com'),
        }),
      },
    ]);
    expect(await aws.keys('incidents/backup-database/')).toEqual([
      expect.stringMatching(/^incidents\/backup-database\/\d{8}_\d{6}-.+\.json$/),
    ]);
  });

  it('respaldo schedules -e shows each schedule with its next run and its last result', async () => {
    const { stdout, stderr, exitCode } = await respaldo(['schedules', '-e', env], {
      AWS_ENDPOINT_URL: moto,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/backup-database .* next \d{4}-\d\d-\d\d 03:00 .* last \d{4}-.* FAILED: SERVER_UNREACHABLE/);
    expect(stdout).toMatch(/cleanup .* next/);
  });

  it('cleanup removes what retention does not keep, and leaves its versions', async () => {
    const [archive = ''] = (await aws.keys('backups/database/')).filter((key) => key.endsWith('.dump.gz'));
    const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket: aws.bucket, Key: archive }));
    const bytes = (await Body?.transformToByteArray()) ?? '';
    const old = `backups/database/db_backup_${stampOf(new Date(Date.now() - 40 * 86_400_000))}`;
    const padded = Buffer.alloc(manifestPadding, ' ');
    for (const [Key, content] of [
      [`${old}.dump.gz`, bytes],
      [`${old}.manifest.json`, padded],
    ] as const)
      await aws.s3.send(new PutObjectCommand({ Bucket: aws.bucket, Key, Body: content }));

    const before = await aws.keys('backups/');
    const kept = before.filter((key) => /database\/.*\.manifest\.json$/.test(key)).length - 1;
    const [plan] = ((await aws.call('cleanup', { dryRun: true })) as { result: [{ remove: string[]; keep: string[] }] })
      .result;
    expect(plan.remove).toEqual([old.replace('backups/database/', '')]);
    expect(plan.keep).toHaveLength(kept);
    expect(await aws.keys('backups/')).toEqual(before);

    await aws.call('cleanup', {});
    expect(await aws.keys('backups/')).toEqual(before.filter((key) => !key.startsWith(old)));
    const { Versions = [] } = await aws.s3.send(new ListObjectVersionsCommand({ Bucket: aws.bucket, Prefix: old }));
    expect(Versions).toHaveLength(2);
    const cleanups = aws.events.filter((event) => event.name === 'Cleanup Completed');
    expect(cleanups).toMatchObject([{ detail: { kind: 'database', kept } }, { detail: { kind: 'media', kept: 3 } }]);
  });

  it('the login shows in no object, event, log or task definition', async () => {
    const { Versions = [] } = await aws.s3.send(new ListObjectVersionsCommand({ Bucket: aws.bucket }));
    const objects = await Promise.all(
      Versions.map(async ({ Key, VersionId }) => {
        const { Body, Metadata } = await aws.s3.send(new GetObjectCommand({ Bucket: aws.bucket, Key, VersionId }));
        return `${Key} ${JSON.stringify(Metadata)} ${(await Body?.transformToString('latin1')) ?? ''}`;
      }),
    );
    expect(objects.length).toBeGreaterThan(20);
    const logs = await new CloudWatchLogsClient(clientConfig(moto)).send(
      new FilterLogEventsCommand({ logGroupName: `/respaldo/${env}/tasks` }),
    );
    const lines = logs.events?.map(({ message = '' }) => message) ?? [];
    expect(lines.length).toBeGreaterThan(20);
    expect(aws.events.length).toBeGreaterThan(8);
    const everything = [...objects, ...lines, JSON.stringify(aws.events), JSON.stringify(aws.deployed.template)];
    for (const form of [password, encodeURIComponent(password), Buffer.from(password).toString('base64').slice(0, -4)])
      for (const text of everything) expect(text.includes(form), text.slice(0, 200)).toBe(false);
  });

  it('nothing asked for more than its role may', () => {
    // A backup looks for newer names where it may, and does without where it may not.
    const expected = ['database', 'media'].map(
      (kind) => `${aws.name(`backup-${kind}`)} s3:ListBucket arn:aws:s3:::${aws.bucket}`,
    );
    expect([...new Set(aws.denied)].sort()).toEqual(expected);
  });
});
