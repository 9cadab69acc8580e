import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { LocalStorage } from '../../container/storage/local-storage.js';
import type { Event } from '../../core/events.js';
import { silentLog } from '../../core/log.js';
import type { Storage } from '../../core/storage.js';
import { runTask } from '../../functions/run-task.js';
import { taskStopped } from '../../functions/task-stopped.js';
import { deployment as onDemand } from '../support/aws/deployment.js';
import { temporaryFolder } from '../support/folders.js';

// What moto cannot produce: Spot that has no room, and that AWS takes back.
const ecs = mockClient(ECSClient);
const logs = mockClient(CloudWatchLogsClient);
const cloudWatch = mockClient(CloudWatchClient);
const deployment = { ...onDemand, spot: true };
const [database] = deployment.targets;
if (!database) throw new Error('no target');
const arn = (id: string) => `arn:aws:ecs:eu-west-1:123456789012:task/respaldo-prod-tasks/${id}`;
const noRoom = { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time.' }] };
const clients = { ecs: new ECSClient(), log: silentLog, pauses: [0, 0] };

const runs = () =>
  ecs.commandCalls(RunTaskCommand).map(({ args: [{ input }] }) => ({
    task: input.taskDefinition,
    on: input.capacityProviderStrategy?.[0]?.capacityProvider ?? input.launchType,
    command: input.overrides?.containerOverrides?.[0]?.command,
    token: input.clientToken,
  }));

beforeEach(() => {
  for (const mock of [ecs, logs, cloudWatch]) mock.reset();
  logs.on(GetLogEventsCommand).resolves({ events: [] });
  ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn: arn('2') }] });
});

describe('where tasks run on Spot', () => {
  it.each([
    { job: 'backup', on: 'FARGATE_SPOT' },
    { job: 'drill', on: 'FARGATE_SPOT' },
    { job: 'restore', on: 'FARGATE' },
  ] as const)('a $job is started on $on', async ({ job, on }) => {
    await runTask({ ...clients, deployment }, { job, target: database, key: 'a run' });
    expect(runs()).toMatchObject([{ on }]);
  });

  it('the last try is on demand, by the same token', async () => {
    ecs.reset();
    ecs
      .on(RunTaskCommand)
      .resolvesOnce(noRoom)
      .resolvesOnce(noRoom)
      .resolves({ tasks: [{ taskArn: arn('2') }] });
    await runTask({ ...clients, deployment }, { job: 'backup', target: database, key: 'a run' });
    expect(runs().map(({ on }) => on)).toEqual(['FARGATE_SPOT', 'FARGATE_SPOT', 'FARGATE']);
    expect(new Set(runs().map(({ token }) => token)).size).toBe(1);
  });
});

/** ECS tells of the end of a task, as often as is said; answers with what was told to people. */
async function ended(detail: object, times = 1): Promise<Event[]> {
  const folder = await temporaryFolder();
  const told: Event[] = [];
  for (let time = 0; time < times; time += 1) {
    await taskStopped(
      {
        ...{ deployment, log: silentLog, pauses: [] },
        ...{ ecs: new ECSClient(), logs: new CloudWatchLogsClient(), cloudWatch: new CloudWatchClient() },
        // The Lambda's are in a bucket; what it does with a storage is the same.
        storage: new LocalStorage(folder) as Storage as never,
        incidents: new LocalStorage(`${folder}/incidents`),
        announce: async (event) => {
          told.push(event);
        },
      },
      {
        ...{ taskArn: arn('1'), lastStatus: 'STOPPED', createdAt: '2026-01-15T03:00:00Z' },
        ...{ startedAt: '2026-01-15T03:01:00Z', containers: [{ name: 'respaldo', exitCode: 143 }], ...detail },
      },
      `request ${time}`,
    );
  }
  return told;
}

const interrupted = {
  stopCode: 'SpotInterruption',
  stoppedReason: 'Your Spot Task was interrupted.',
};

describe('a task that Spot interrupts', () => {
  it('is started again on demand, once, however often its end is told', async () => {
    const told = await ended({ group: 'family:respaldo-prod-backup-database', ...interrupted }, 3);
    expect(new Set(runs().map(({ token }) => token)).size).toBe(1);
    expect(runs()[0]).toMatchObject({ task: 'respaldo-prod-backup-database', on: 'FARGATE', command: undefined });
    expect(told).toMatchObject([
      {
        name: 'Backup Failed',
        detail: {
          code: 'SPOT_INTERRUPTED',
          hint: expect.stringMatching(/^It was started again at once, on demand: https:\/\/.*backup-database.*/),
        },
      },
    ]);
  });

  it('does what it was told to', async () => {
    const command = ['drill', 'db_backup_20260115_030000'];
    const overrides = { containerOverrides: [{ name: 'respaldo', command }] };
    const [told] = await ended({ group: 'family:respaldo-prod-drill-database', ...interrupted, overrides });
    expect(runs()).toMatchObject([{ task: 'respaldo-prod-drill-database', on: 'FARGATE', command }]);
    expect(told?.name).toBe('Drill Failed');
  });

  it('is told in any case, and with the way to do it by hand where ECS refuses', async () => {
    ecs.reset();
    ecs.on(RunTaskCommand).rejects(new Error('not authorized'));
    const [told] = await ended({ group: 'family:respaldo-prod-backup-media', ...interrupted });
    expect(told).toMatchObject({
      detail: {
        code: 'SPOT_INTERRUPTED',
        hint: expect.stringMatching(/^It could not be started again \(not authorized\): send start-backup /),
      },
    });
  });

  it.each([
    { what: 'one that failed by itself', stopCode: 'EssentialContainerExited' },
    { what: 'one that somebody stopped', stopCode: 'UserInitiated' },
  ])('but not $what', async ({ stopCode }) => {
    expect(await ended({ group: 'family:respaldo-prod-backup-database', stopCode })).toHaveLength(1);
    expect(runs()).toEqual([]);
  });
});
