import { ConflictException, ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { runTask } from '../../functions/run-task.js';
import { startBackups } from '../../functions/start-backup.js';
import { deployment } from '../support/aws/deployment.js';

// What moto cannot produce: an ECS that has no room, or that has started the task already.
const ecs = mockClient(ECSClient);
const taskArn = 'arn:aws:ecs:eu-west-1:123456789012:task/respaldo-prod-tasks/0123';
const [database] = deployment.targets;
if (!database) throw new Error('no target');
const context = { ecs: new ECSClient(), deployment, log: silentLog, pauses: [0, 0] };
const request = { job: 'backup' as const, target: database, key: 'a run' };
const noRoom = { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time.' }] };
const tokens = () => ecs.commandCalls(RunTaskCommand).map(({ args: [{ input }] }) => input.clientToken);

beforeEach(() => {
  ecs.reset();
});

describe('a task is started', () => {
  it('where it belongs, and its log is linked', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    expect(await runTask(context, request)).toEqual({ taskArn, log: expect.stringContaining('backup-database') });
    expect(ecs.commandCalls(RunTaskCommand)[0]?.args[0].input).toMatchObject({
      cluster: 'respaldo-prod-tasks',
      taskDefinition: 'respaldo-prod-backup-database',
      launchType: 'FARGATE',
      networkConfiguration: {
        awsvpcConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'], assignPublicIp: 'DISABLED' },
      },
    });
  });

  it('on Spot by choice', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    await runTask({ ...context, deployment: { ...deployment, spot: true } }, request);
    const { input } = ecs.commandCalls(RunTaskCommand)[0]?.args[0] ?? {};
    expect(input).toMatchObject({ capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT' }] });
    expect(input).not.toHaveProperty('launchType');
  });

  it('by the same token for the same run, and by another for another', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    await runTask(context, request);
    await runTask(context, request);
    await runTask(context, { ...request, key: 'another run' });
    const [first, second, third] = tokens();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(first?.length).toBeLessThanOrEqual(64);
  });

  it('at a further try, where ECS has no room at first', async () => {
    ecs
      .on(RunTaskCommand)
      .resolvesOnce(noRoom)
      .resolves({ tasks: [{ taskArn }] });
    expect(await runTask(context, request)).toMatchObject({ taskArn });
    expect(tokens()).toHaveLength(2);
  });

  it.each([
    { name: 'the second call finds room at its first try', noRoomFor: [1] },
    { name: 'both look for room for a while', noRoomFor: [1, 2, 4] },
    { name: 'the first call finds none at all', noRoomFor: [1, 2, 3] },
  ])('once, though the same run is delivered twice and ECS is short of room: $name', async ({ noRoomFor }) => {
    const brought = new Map<string, string>();
    let calls = 0;
    // As ECS does it: a token is tied to the task that it brought.
    ecs.on(RunTaskCommand).callsFake(({ clientToken }: { clientToken: string }) => {
      calls += 1;
      const before = brought.get(clientToken);
      if (before) return { tasks: [{ taskArn: before }] };
      if (noRoomFor.includes(calls)) return noRoom;
      brought.set(clientToken, `${taskArn}${calls}`);
      return { tasks: [{ taskArn: `${taskArn}${calls}` }] };
    });
    const answers = await Promise.allSettled([runTask(context, request), runTask(context, request)]);
    expect(brought.size).toBe(1);
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect([...brought.values()]).toContain(answer.value.taskArn);
    }
    expect(await runTask(context, request)).toMatchObject({ taskArn: [...brought.values()][0] });
    expect(brought.size).toBe(1);
  });

  it('once, where a deployment lay between two deliveries', async () => {
    ecs
      .on(RunTaskCommand)
      .rejects(new ConflictException({ message: 'other parameters', resourceIds: [taskArn], $metadata: {} }));
    expect(await runTask(context, request)).toMatchObject({ taskArn });
    expect(tokens()).toHaveLength(1);
  });
});

describe('a task that cannot be started is told', () => {
  it('after all tries, with the reason', async () => {
    ecs.on(RunTaskCommand).resolves(noRoom);
    await expect(runTask(context, request)).rejects.toThrow(
      'no task could be started for respaldo-prod-backup-database: Capacity is unavailable at this time.',
    );
    expect(tokens()).toHaveLength(3);
  });

  it('at once, where ECS refuses', async () => {
    ecs.on(RunTaskCommand).rejects(new Error('not authorized'));
    await expect(runTask(context, request)).rejects.toThrow('not authorized');
    expect(tokens()).toHaveLength(1);
  });

  it('and does not keep the other targets from theirs', async () => {
    ecs
      .on(RunTaskCommand)
      .resolves({ tasks: [{ taskArn }] })
      .on(RunTaskCommand, { taskDefinition: 'respaldo-prod-backup-database' })
      .resolves(noRoom);
    await expect(startBackups(context, { kind: 'full' }, 'request')).rejects.toThrow(/^no task could be started/);
    const started = ecs.commandCalls(RunTaskCommand).map(({ args: [{ input }] }) => input.taskDefinition);
    expect(started).toContain('respaldo-prod-backup-media');
  });
});

it('start-backup without a word answers with help', async () => {
  expect(await startBackups(context, {}, 'request')).toEqual({ help: expect.stringContaining('"kind": "full"') });
  expect(tokens()).toEqual([]);
});
