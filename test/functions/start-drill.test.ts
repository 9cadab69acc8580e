import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { startDrills } from '../../functions/start-drill.js';
import { deployment } from '../support/aws/deployment.js';

const ecs = mockClient(ECSClient);
const taskArn = 'arn:aws:ecs:eu-west-1:123456789012:task/respaldo-prod-tasks/0123';
const context = { ecs: new ECSClient(), deployment, log: silentLog, pauses: [0, 0] };
const inputs = () => ecs.commandCalls(RunTaskCommand).map(({ args: [{ input }] }) => input);
const started = () =>
  inputs().map(({ taskDefinition, overrides }) => [
    taskDefinition,
    ...(overrides?.containerOverrides?.[0]?.command ?? []),
  ]);
const completed = (kind: string, backup: string) => ({
  source: 'respaldo',
  'detail-type': 'Backup Completed',
  detail: { kind, target: '', backup },
});
const databaseDone = completed('database', 'db_backup_20260115_030000');
const mediaDone = completed('media', 'media_backup_20260115_040000');
const newest = {
  database: ['respaldo-prod-drill-database', 'drill', '--latest'],
  media: ['respaldo-prod-drill-media', 'drill', '--media'],
};

beforeEach(() => {
  ecs.reset();
});

describe('a drill is started', () => {
  it.each([
    {
      what: 'by its schedule, of everything',
      event: { schedule: 'arn', due: 'today' },
      tasks: [newest.database, newest.media],
    },
    {
      what: 'after a backup of a database, of that one',
      event: databaseDone,
      tasks: [['respaldo-prod-drill-database', 'drill', 'db_backup_20260115_030000']],
    },
    {
      what: 'after a backup of media files, of that one',
      event: mediaDone,
      tasks: [['respaldo-prod-drill-media', 'drill', 'media_backup_20260115_040000']],
    },
    { what: 'by hand, of everything', event: { backup: 'latest' }, tasks: [newest.database, newest.media] },
    { what: 'by hand, of one kind', event: { kind: 'media' }, tasks: [newest.media] },
  ])('$what', async ({ event, tasks }) => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    const answer = await startDrills(context, event, 'r1');
    expect(answer).toEqual({
      started: tasks.map(([family]) =>
        expect.objectContaining({ kind: family?.replace('respaldo-prod-drill-', ''), target: '', taskArn }),
      ),
    });
    expect(started()).toEqual(tasks);
  });

  it('once, however often the same news arrives', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    await startDrills(context, databaseDone, 'r1');
    await startDrills(context, databaseDone, 'r2');
    const [first, second] = inputs();
    expect(first?.clientToken).toBe(second?.clientToken);
  });

  it('of a database and of the media files of the same name, each as a task of its own', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    await startDrills(context, { schedule: 'arn', due: 'today' }, 'r1');
    // ECS refuses another task under a token that it knows.
    expect(new Set(inputs().map(({ clientToken }) => clientToken)).size).toBe(2);
  });

  it('or fails loudly, without keeping the other one from it', async () => {
    ecs
      .on(RunTaskCommand)
      .resolves({ tasks: [{ taskArn }] })
      .on(RunTaskCommand, { taskDefinition: 'respaldo-prod-drill-database' })
      .resolves({ tasks: [], failures: [{ reason: 'Capacity is unavailable' }] });
    await expect(startDrills(context, { backup: 'latest' }, 'r1')).rejects.toThrow('Capacity is unavailable');
    expect(started()).toContainEqual(newest.media);
  });

  it('{} is answered with help', async () => {
    expect(await startDrills(context, {}, 'r1')).toEqual({ help: expect.stringContaining('"backup"') });
    expect(inputs()).toEqual([]);
  });
});
