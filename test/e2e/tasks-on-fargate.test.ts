import { randomUUID } from 'node:crypto';
import { CreateSecurityGroupCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../container/postgres/free-port.js';
import { respaldo, startRespaldo } from '../support/cli.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { until } from '../support/processes.js';
import { s3Endpoint, testBucket } from '../support/s3.js';
import { taskMetadata } from '../support/task-metadata.js';

describe.skipIf(s3Endpoint() === null)('tasks on Fargate', { timeout: 240_000 }, () => {
  it('are started through ECS, find the first one, and share its dump', async () => {
    const access = {
      endpoint: s3Endpoint() ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const ecs = new ECSClient(access);
    const ec2 = new EC2Client(access);
    const name = `respaldo-${randomUUID()}`;
    const { cluster } = await ecs.send(new CreateClusterCommand({ clusterName: name }));
    const containerDefinitions = [{ name: 'respaldo', image: 'respaldo', memory: 512 }];
    await ecs.send(new RegisterTaskDefinitionCommand({ family: name, networkMode: 'awsvpc', containerDefinitions }));
    const { Subnets: [subnet] = [] } = await ec2.send(new DescribeSubnetsCommand());
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: subnet?.VpcId }),
    );

    const database = await testDatabase(crmSample);
    const bucket = await testBucket();
    const port = await freePort();
    // What a task definition gives to each of its tasks.
    const definition = {
      ...bucket.env,
      DATABASE_URL: database.url,
      BACKUP_STORAGE: 's3',
      BACKUP_PARALLEL_TABLE_MB: '0',
      BACKUP_PARALLEL_PART_MB: '0.05',
      BACKUP_TASKS: '2',
      BACKUP_TASKS_SECRET: 'a secret of this test alone, long enough',
      BACKUP_TASKS_PORT: String(port),
      BACKUP_TASKS_SUBNETS: subnet?.SubnetId ?? '',
      BACKUP_TASKS_SECURITY_GROUPS: GroupId,
    };
    // So slow that the other task comes in time: a minute and more for one worker alone.
    const run = startRespaldo(
      ['backup', '--database', '--format', 'parallel', '--jobs', '1', '--max-rate', '0.05'],
      {
        ...definition,
        ECS_CONTAINER_METADATA_URI_V4: await taskMetadata(cluster?.clusterArn ?? '', name, '127.0.0.1'),
      },
      { timeout: 200_000 },
    );
    let taskArns: string[] = [];
    await until(
      'ECS was asked for a task',
      async () => {
        ({ taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: name })));
        return taskArns.length > 0;
      },
      60,
    );
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: name, tasks: taskArns }));
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toMatchObject({ startedBy: 'respaldo-worker' });
    const [overrides] = tasks[0]?.overrides?.containerOverrides ?? [];
    expect(overrides).toMatchObject({ name: 'respaldo', command: expect.arrayContaining([`127.0.0.1:${port}`]) });
    expect(JSON.stringify(overrides)).not.toContain('secret');

    // moto runs nothing: here is the task that it started.
    const worker = await respaldo(overrides?.command ?? [], definition, { timeout: 200_000 });
    expect(worker, worker.stderr).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(0);
    expect(stderr).toMatch(/has joined/);
    const restored = await respaldo(
      ['restore', '--latest', '--into', `${database.name}_copy`, '--tasks', '1'],
      definition,
    );
    expect(restored, restored.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(`${database.name}_copy`)).toEqual(await contentsOf(database.name));
  });
});
