import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { LocalStorage } from '../../container/storage/local-storage.js';
import { isDryRun } from '../../core/deployed/cleanup-request.js';
import { OperatorError } from '../../core/errors.js';
import type { Event } from '../../core/events.js';
import { silentLog } from '../../core/log.js';
import { answered } from '../../functions/answer.js';
import { cleanUp } from '../../functions/cleanup.js';
import { restore } from '../../functions/restore.js';
import { startBackups } from '../../functions/start-backup.js';
import { startDrills } from '../../functions/start-drill.js';
import { taskStopped } from '../../functions/task-stopped.js';
import { deployment } from '../support/aws/deployment.js';
import { putBackups } from '../support/catalog.js';
import { temporaryFolder } from '../support/folders.js';

// What a person, a schedule or ECS may send, and what no one should: each is answered clearly, and nothing is done.
const ecs = mockClient(ECSClient);
const now = new Date('2026-03-15T12:00:00Z');
const taskArn = 'arn:aws:ecs:eu-west-1:123456789012:task/respaldo-prod-tasks/0123';

beforeEach(() => {
  ecs.reset();
  ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
});

async function scene(ages: readonly number[] = [1, 2]) {
  const folder = await temporaryFolder();
  await putBackups(
    folder,
    ages.map((age) => ({ time: new Date(now.getTime() - age * 86_400_000) })),
  );
  const events: Event[] = [];
  const storage = new LocalStorage(folder);
  const context = {
    // The Lambdas' is a bucket; what they do with a storage is the same.
    ...{ deployment, log: silentLog, storage: storage as never, incidents: storage, now },
    ...{ ecs: new ECSClient(), scheduler: new SchedulerClient(), cloudWatch: new CloudWatchClient() },
    announce: async (event: Event) => void events.push(event),
    pauses: [0, 0],
  };
  const left = async () => {
    let objects = 0;
    for await (const _ of storage.list('database/')) objects += 1;
    return objects;
  };
  return { context, events, folder, left };
}

type Context = Awaited<ReturnType<typeof scene>>['context'];
const lambdas: Record<string, (context: Context, event: unknown) => Promise<unknown>> = {
  'start-backup': (context, event) => answered(event, () => startBackups(context, event, 'r1')),
  'start-drill': (context, event) => answered(event, () => startDrills(context, event, 'r1')),
  restore: (context, event) => answered(event, () => restore(context, event, 'r1')),
  cleanup: (context, event) => answered(event, () => cleanUp(context, event)),
};

describe('a person who sends something else is answered with what to send', () => {
  it.each<{ lambda: string; event: unknown; refused: RegExp; hint: RegExp }>([
    ...[null, 'database', 5, true, [1]].map((event) => ({
      ...{ lambda: 'start-backup', event, refused: /start-backup was sent something else/, hint: /"kind": "full"/ },
    })),
    {
      lambda: 'start-backup',
      event: { kind: 'everything' },
      refused: /: "kind" must be one of "database", "media", "full", and says "everything"$/,
      hint: /"kind": "full"/,
    },
    { lambda: 'start-backup', event: { Kind: 'full' }, refused: /kind/, hint: /"kind": "full"/ },
    {
      lambda: 'start-backup',
      event: { kind: 'database', target: 'nope' },
      refused: /nothing of kind database and target "nope"/,
      hint: /There are: database, media/,
    },
    ...['latest', 5, [1]].map((event) => ({
      ...{ lambda: 'restore', event, refused: /restore was sent something else/, hint: /"backup": "latest"/ },
    })),
    {
      lambda: 'restore',
      event: { backup: 5 },
      refused: /: "backup" must be text in quotes, and says 5$/,
      hint: /"backup": "latest"/,
    },
    { lambda: 'restore', event: { confirm: 'crm' }, refused: /: "backup" is missing$/, hint: /"backup": "latest"/ },
    {
      lambda: 'restore',
      event: { backup: 'latest', force: true },
      refused: /there is no "force", only "backup", .*"confirm"/,
      hint: /says what to send next/,
    },
    {
      ...{ lambda: 'restore', event: { Backup: 'latest' }, hint: /"backup": "latest"/ },
      refused: /: "backup" is missing; there is no "Backup", only "backup", "kind"/,
    },
    {
      ...{ lambda: 'restore', event: { backup: 'latest', confirm: 'crm', dryRun: 'true' }, hint: /"backup": "latest"/ },
      refused: /: "dryRun" must be true or false, without quotes, and says "true"$/,
    },
    ...['x'.repeat(64), 'ñ'.repeat(32), 'a\0b', 'a\nb', ''].map((into) => ({
      ...{ lambda: 'restore', event: { backup: 'latest', into }, hint: /"backup": "latest"/ },
      refused: /: "into" must be a name of 1 to 63 bytes, without control characters, and says /,
    })),
    {
      ...{ lambda: 'restore', event: { backup: 'latest', table: 'nothing' } },
      ...{ refused: /has no rows of a table "nothing"/, hint: /tables/ },
    },
    {
      ...{ lambda: 'restore', event: { backup: 'latest', table: 'nothing', into: 'look_at_it' } },
      ...{ refused: /one archive of all tables: "table" with "into"/, hint: /Leave "into" out/ },
    },
    { lambda: 'restore', event: { backup: 'yesterday' }, refused: /no backup’s id/, hint: /Send \{\}/ },
    {
      lambda: 'restore',
      event: { backup: 'db_backup_20200101_000000', confirm: 'crm' },
      refused: /there is no backup "db_backup_20200101_000000"/,
      hint: /Send \{\} for the list/,
    },
    {
      lambda: 'restore',
      event: { backup: 'latest', target: 'shop', confirm: 'crm' },
      refused: /no database target "shop"/,
      hint: /There is one database, without a name: leave "shop" out/,
    },
    { lambda: 'restore', event: { backup: 'latest', into: 'crm' }, refused: /is there/, hint: /a new name/ },
    { lambda: 'restore', event: { backup: 'latest', kind: 'media' }, refused: /no media backup yet/, hint: /\{\}/ },
    ...[null, 'latest', 7].map((event) => ({
      ...{ lambda: 'start-drill', event, refused: /start-drill was sent something else/, hint: /"latest"/ },
    })),
    {
      lambda: 'start-drill',
      event: { target: 'media' },
      refused: /target "media"\) is drilled here/,
      hint: /There are: /,
    },
    ...[{ dryRun: 'true' }, { dryrun: true }, { 'dry-run': true }, { dryRun: 1 }, 'dryRun', 5].map((event) => ({
      ...{ lambda: 'cleanup', event, refused: /and removed nothing: /, hint: /"dryRun": true/ },
    })),
  ])('$lambda $event', async ({ lambda, event, refused, hint }) => {
    const { context, events, left } = await scene([1, 40, 41]);
    expect(await lambdas[lambda]?.(context, event)).toEqual({
      refused: expect.stringMatching(refused),
      hint: expect.stringMatching(hint),
    });
    expect(ecs.commandCalls(RunTaskCommand)).toEqual([]);
    expect(events).toEqual([]);
    expect(await left()).toBe(6);
  });

  it.each([{ confirm: 'CRM' }, { confirm: '' }, { confirm: 'latest' }, { confirm: 'crm ' }])(
    'restore with %o is not done: the plan says why, and what to send',
    async (typed) => {
      const { context } = await scene();
      expect(await lambdas.restore?.(context, { backup: 'latest', ...typed })).toEqual({
        plan: expect.arrayContaining([
          `Not done: "confirm" says "${typed.confirm}", and "crm" is what would be replaced.`,
        ]),
        send: { backup: 'db_backup_20260314_120000', confirm: 'crm' },
      });
      expect(ecs.commandCalls(RunTaskCommand)).toEqual([]);
    },
  );

  it.each([{}, { dryRun: true }, { dryRun: true, confirm: 'crm' }])(
    'restore of the latest with %o only plans',
    async (more) => {
      const { context } = await scene();
      const answer = await lambdas.restore?.(context, { backup: 'latest', ...more });
      expect(answer).toMatchObject({ send: { backup: 'db_backup_20260314_120000', confirm: 'crm' } });
      expect(JSON.stringify(answer)).not.toContain('Not done');
      expect(ecs.commandCalls(RunTaskCommand)).toEqual([]);
    },
  );
});

describe('restore is asked what there is', () => {
  it.each([
    { backups: 50, more: undefined },
    {
      backups: 53,
      more: 'and 3 older ones like db_backup_20260121_120000, back to 2026-01-21 12:00; their ids can be sent, too: aws s3 ls s3://b/backups/database/',
    },
  ])('of $backups backups', async ({ backups, more }) => {
    const { context } = await scene(Array.from({ length: backups }, (_, index) => index + 1));
    const answer = (await lambdas.restore?.(
      { ...context, deployment: { ...deployment, zone: 'Europe/Madrid' } },
      {},
    )) as Record<'help' | 'backups', string[]> | undefined;
    expect(answer?.backups[0]).toBe('Backups available (50):');
    expect(answer?.backups.slice(52)).toEqual(more ? [more] : []);
    expect(answer?.help.at(-1)).toBe('Times of backups are in UTC, those of schedules in Europe/Madrid.');
  });
});

describe('a damaged backup is told before a task begins, with the one to restore instead', () => {
  const newest = 'database/db_backup_20260314_120000';
  it.each([
    { what: 'a manifest that is no JSON', key: `${newest}.manifest.json`, bytes: '{'.padEnd(512), says: /is not JSON/ },
    {
      what: 'an archive that was cut',
      key: `${newest}.sql.gz`,
      bytes: 'mad',
      says: /has 3 bytes, the manifest says 7/,
    },
  ])('$what', async ({ key, bytes, says }) => {
    const { context, folder } = await scene();
    await writeFile(join(folder, key), bytes);
    for (const request of [
      { backup: 'latest', confirm: 'crm' },
      { backup: 'latest', into: 'look_at_it' },
    ]) {
      expect(await lambdas.restore?.(context, request)).toEqual({
        refused: expect.stringMatching(says),
        hint: 'Send { "backup": "db_backup_20260313_120000" }: it is the newest before it that looks whole.',
      });
    }
    expect(ecs.commandCalls(RunTaskCommand)).toEqual([]);
  });

  it('or that there is none', async () => {
    const { context, folder } = await scene([1]);
    await writeFile(join(folder, `${newest}.sql.gz`), 'mad');
    expect(await lambdas.restore?.(context, { backup: 'latest', confirm: 'crm' })).toEqual({
      refused: expect.stringMatching(/^db_backup_20260314_120000 is damaged: /),
      hint: expect.stringMatching(/^None before it looks whole/),
    });
  });
});

it.each([
  { request: { into: 'look_at_it', dryRun: true }, says: 'The application may go on.' },
  { request: { table: 'public.orders', dryRun: true }, says: 'The application may go on.' },
  { request: {}, says: 'Stop the application first, or it loses what it writes meanwhile.' },
])('the plan of %o says whether the application has to be stopped', async ({ request, says }) => {
  const { context } = await scene();
  const answer = (await lambdas.restore?.(context, { backup: 'latest', ...request })) as { plan: string[] };
  expect(answer.plan.at(-1)?.endsWith(says)).toBe(true);
});

describe('a machine’s mistake, and what is nobody’s, is an error', () => {
  it.each([
    { lambda: 'start-backup', event: { kind: 'everything', schedule: 'arn', due: 'now' } },
    { lambda: 'start-backup', event: { kind: 'database', target: 'gone', schedule: 'arn', due: 'now' } },
    { lambda: 'start-drill', event: { target: 'gone', schedule: 'arn', due: 'now' } },
    {
      lambda: 'start-drill',
      event: {
        ...{ source: 'respaldo', 'detail-type': 'Backup Completed' },
        detail: { kind: 'database', target: 'gone', backup: 'gone/db_backup_20260314_120000' },
      },
    },
    { lambda: 'cleanup', event: { dryRn: true, schedule: 'arn', due: 'now' } },
  ])('$lambda $event', async ({ lambda, event }) => {
    const { context } = await scene();
    await expect(lambdas[lambda]?.(context, event)).rejects.toThrow(/^ERROR USAGE: .+\nHINT: .+/);
  });

  it('whose message has the hint, as Lambda shows nothing else', async () => {
    const failing = () => Promise.reject(new OperatorError('STORAGE_DENIED', 'vault not listed', 'Give it the right.'));
    await expect(answered({}, failing)).rejects.toThrow(
      'ERROR STORAGE_DENIED: vault not listed\nHINT: Give it the right.',
    );
    const bug = new TypeError('undefined is no function');
    await expect(answered({}, () => Promise.reject(bug))).rejects.toBe(bug);
  });
});

it.each([
  [{}, false],
  [null, false],
  [undefined, false],
  [{ schedule: 'arn', due: 'now' }, false],
  [{ dryRun: false }, false],
  [{ dryRun: true }, true],
])('cleanup of %o is dry: %s', (event, dry) => {
  expect(isDryRun(event)).toBe(dry);
});

it.each([
  [undefined, 'not ended'],
  [null, 'not ended'],
  [{}, 'not ended'],
  ['STOPPED', 'not ended'],
  [{ taskArn, group: 'family:x', lastStatus: 'RUNNING', createdAt: '2026-03-15T11:00:00Z' }, 'not ended'],
  [{ taskArn, group: 'family:x', lastStatus: 'STOPPED', createdAt: 'yesterday' }, 'not ended'],
  [{ taskArn, group: 'family:x', lastStatus: 'STOPPED', createdAt: '2026-03-15T11:00:00Z' }, 'not ours'],
  [
    { taskArn, group: 'service:x', lastStatus: 'STOPPED', createdAt: '2026-03-15T11:00:00Z', containers: [{}] },
    'not ours',
  ],
])('task-stopped of %o is %s', async (detail, outcome) => {
  const { context } = await scene();
  expect(await taskStopped({ ...context, logs: undefined as never }, detail, 'r1')).toBe(outcome);
});

it('task-stopped tells what to do next in the words of the Lambdas, not of the command line', async () => {
  const { context, events } = await scene();
  const logs = mockClient(CloudWatchLogsClient);
  const message = {
    level: 50,
    code: 'USAGE',
    msg: 'a database "shop" exists already',
    hint: 'Give --into a new name.',
  };
  logs.on(GetLogEventsCommand).resolves({ events: [{ message: JSON.stringify(message) }] });
  mockClient(CloudWatchClient).on(PutMetricDataCommand).resolves({});
  const detail = {
    ...{ taskArn, group: 'family:respaldo-prod-restore-database', lastStatus: 'STOPPED' },
    ...{ createdAt: '2026-03-15T11:00:00Z', startedAt: '2026-03-15T11:00:30Z', containers: [{ exitCode: 2 }] },
  };
  await taskStopped({ ...context, logs: new CloudWatchLogsClient() }, detail, 'r1');
  expect(events).toMatchObject([
    { name: 'Restore Failed', detail: { code: 'USAGE', hint: 'Give "into" a new name.', runbook: 'r#usage' } },
  ]);
});
