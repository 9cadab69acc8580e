import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { ecsLauncher } from '../../../container/tasks/launch-ecs.js';
import { launcherFor } from '../../../container/tasks/launcher.js';
import { wire } from '../../../container/wire.js';
import { silentLog } from '../../../core/log.js';
import { taskMetadata } from '../../support/task-metadata.js';

const settings = {
  BACKUP_TASKS_SECRET: 'a secret of this test alone, long enough',
  BACKUP_TASKS_PORT: '7431',
  BACKUP_TASKS_SUBNETS: 'subnet-1,subnet-2',
  BACKUP_TASKS_SECURITY_GROUPS: 'sg-1',
};
const args = ['worker', '--connect', '10.0.0.7:7431', '--run', 'f00'];

const cluster = 'arn:aws:ecs:eu-west-1:123456789012:cluster/respaldo-x-tasks';
const metadata = () => taskMetadata(cluster, 'a-family', '10.0.0.7');

async function run(environment: Record<string, string>) {
  const said: string[] = [];
  const log = { ...silentLog, warn: (message: string) => said.push(message) };
  const signal = new AbortController().signal;
  return { said, run: await wire({ environment: { ...settings, ...environment }, signal, log }) };
}

describe('further tasks on Fargate', () => {
  const mock = mockClient(ECSClient);
  afterEach(() => mock.reset());

  it('are started with this one’s own definition, with the address and without any secret', async () => {
    mock.on(RunTaskCommand).resolves({ tasks: [{ taskArn: 'arn:1' }, { taskArn: 'arn:2' }] });
    const { run: own, said } = await run({
      BACKUP_TASKS_CAPACITY: 'FARGATE_SPOT',
      BACKUP_TASKS_PUBLIC_ADDRESS: 'true',
    });
    const launcher = await ecsLauncher(own, await metadata());
    expect(launcher).toMatchObject({ host: '10.0.0.7', port: 7431 });
    await launcher.launch(2, args);
    expect(mock.commandCalls(RunTaskCommand).map(({ args: [{ input }] }) => input)).toEqual([
      {
        cluster,
        taskDefinition: 'a-family:1',
        count: 2,
        capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ['subnet-1', 'subnet-2'],
            securityGroups: ['sg-1'],
            assignPublicIp: 'ENABLED',
          },
        },
        overrides: { containerOverrides: [{ name: 'respaldo', command: args }] },
        startedBy: 'respaldo-worker',
      },
    ]);
    expect(said).toEqual([]);
  });

  it('are asked for ten at a time, and those that there is no room for are warned of', async () => {
    mock
      .on(RunTaskCommand)
      .resolvesOnce({ tasks: [{ taskArn: 'arn:1' }], failures: [{ reason: 'RESOURCE:ENI', detail: 'no room' }] })
      .resolves({ tasks: [], failures: [{ reason: 'Capacity is unavailable at this time' }] });
    const { run: own, said } = await run({});
    await (await ecsLauncher(own, await metadata())).launch(15, args);
    expect(mock.commandCalls(RunTaskCommand).map(({ args: [{ input }] }) => input.count)).toEqual([10, 5]);
    expect(said).toEqual([
      'a further task could not be started: RESOURCE:ENI: no room',
      'a further task could not be started: Capacity is unavailable at this time',
    ]);
  });

  it('are chosen where the program runs in a task and knows its network, processes elsewhere', async () => {
    const uri = await metadata();
    const hostOf = async (environment: Record<string, string>) =>
      (await launcherFor((await run(environment)).run, 'secret')).host;
    expect(await hostOf({ ECS_CONTAINER_METADATA_URI_V4: uri })).toBe('10.0.0.7');
    expect(await hostOf({})).toBe('127.0.0.1');
    expect(await hostOf({ ECS_CONTAINER_METADATA_URI_V4: uri, BACKUP_TASKS_SUBNETS: '' })).toBe('127.0.0.1');
  });
});
