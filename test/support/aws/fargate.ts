import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { type ContainerDefinition, DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { execa } from 'execa';
import { clientConfig, credentials, region } from './clients.js';
import type { StartedTask } from './front.js';

/** The detail of the event that ECS sends when a task has ended. */
export interface TaskStateChange {
  readonly taskArn: string;
  readonly group: string;
  readonly lastStatus: string;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly stopCode: string;
  readonly stoppedReason: string;
  readonly containers: readonly { readonly name: string; readonly exitCode: number | undefined }[];
}

/**
 * Plays Fargate: runs the program with the command and the environment of the task definition, as its task's role, and
 * takes its log where the awslogs driver would.
 *
 * @param moto where task definitions and logs are
 * @param front what the program sees as AWS
 */
export async function runAsFargate(task: StartedTask, moto: string, front: string): Promise<TaskStateChange> {
  const ecs = new ECSClient(clientConfig(moto));
  const { taskDefinition: definition } = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: task.taskDefinitionArn }),
  );
  const [container] = definition?.containerDefinitions ?? [];
  if (!definition?.family || !container) throw new Error(`no container in ${task.taskDefinitionArn}`);
  const command = task.overrides?.containerOverrides?.[0]?.command ?? container.command ?? [];
  const startedAt = new Date();
  const { exitCode, all } = await execa(process.execPath, ['dist/respaldo.js', ...command], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      AWS_ENDPOINT_URL: front,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: definition.family,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...Object.fromEntries((container.environment ?? []).map(({ name, value }) => [name, value])),
    },
    extendEnv: false,
    reject: false,
    all: true,
    stdin: 'ignore',
    timeout: 120_000,
  });
  await writeLog(moto, container, task.taskArn, all);
  return {
    taskArn: task.taskArn,
    group: `family:${definition.family}`,
    lastStatus: 'STOPPED',
    createdAt: task.createdAt.toISOString(),
    startedAt: startedAt.toISOString(),
    stopCode: 'EssentialContainerExited',
    stoppedReason: 'Essential container in task exited',
    containers: [{ name: container.name ?? '', exitCode }],
  };
}

async function writeLog(moto: string, { name, logConfiguration }: ContainerDefinition, taskArn: string, text: string) {
  const logs = new CloudWatchLogsClient(clientConfig(moto));
  const { 'awslogs-group': logGroupName, 'awslogs-stream-prefix': prefix } = logConfiguration?.options ?? {};
  const logStreamName = `${prefix}/${name}/${taskArn.slice(taskArn.lastIndexOf('/') + 1)}`;
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  const logEvents = text
    .split('\n')
    .filter(Boolean)
    .map((message) => ({ timestamp: Date.now(), message }));
  if (logEvents.length > 0) await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}
