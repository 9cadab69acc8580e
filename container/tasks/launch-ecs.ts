import { ECSClient, RunTaskCommand, type RunTaskCommandInput } from '@aws-sdk/client-ecs';
import * as z from 'zod';
import { containerName, workerStartedBy } from '../../core/deployed/deployment.js';
import type { Run } from '../run.js';
import type { Launcher } from './launcher.js';

/** RunTask starts so many at once: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html */
const mostAtOnce = 10;

/**
 * What a task is told about itself, of all that stands there.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-response.html
 */
const taskMetadata = z.object({
  Cluster: z.string(),
  Family: z.string(),
  Revision: z.string(),
  Containers: z.array(
    z.object({ Networks: z.array(z.object({ IPv4Addresses: z.array(z.string()).default([]) })).default([]) }),
  ),
});

/** Further tasks of this one's own definition. The secret is in the definition already: overrides can be read by many. */
export async function ecsLauncher({ settings, log }: Run, metadataUri: string): Promise<Launcher> {
  const response = await fetch(`${metadataUri}/task`, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`the task’s metadata cannot be read: ${response.status} ${response.statusText}`);
  const task = taskMetadata.parse(await response.json());
  const region = /^arn:[^:]+:ecs:([^:]+):/.exec(task.Cluster)?.[1] ?? settings.AWS_REGION;
  const endpoint = settings.AWS_ENDPOINT_URL;
  const ecs = new ECSClient({ ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}) });
  // All containers of a task share its address; one of AWS's own may stand first, and tell of none.
  const [own] = task.Containers.flatMap(({ Networks }) => Networks.flatMap(({ IPv4Addresses }) => IPv4Addresses));
  const host = settings.BACKUP_TASKS_ADDRESS ?? own;
  if (!host) throw new Error('the task’s metadata name no address');
  const { BACKUP_TASKS_SUBNETS, BACKUP_TASKS_SECURITY_GROUPS, BACKUP_TASKS_PUBLIC_ADDRESS, BACKUP_TASKS_CAPACITY } =
    settings;
  const input = (args: readonly string[], count: number): RunTaskCommandInput => ({
    cluster: task.Cluster,
    taskDefinition: `${task.Family}:${task.Revision}`,
    count,
    ...(BACKUP_TASKS_CAPACITY === 'FARGATE'
      ? { launchType: 'FARGATE' }
      : { capacityProviderStrategy: [{ capacityProvider: BACKUP_TASKS_CAPACITY, weight: 1 }] }),
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...BACKUP_TASKS_SUBNETS],
        securityGroups: [...BACKUP_TASKS_SECURITY_GROUPS],
        assignPublicIp: BACKUP_TASKS_PUBLIC_ADDRESS === 'true' ? 'ENABLED' : 'DISABLED',
      },
    },
    overrides: { containerOverrides: [{ name: containerName, command: [...args] }] },
    startedBy: workerStartedBy,
  });
  return {
    host,
    port: settings.BACKUP_TASKS_PORT ?? 0,
    launch: async (count, args) => {
      for (let left = count; left > 0; left -= mostAtOnce) {
        const { tasks = [], failures = [] } = await ecs.send(
          new RunTaskCommand(input(args, Math.min(left, mostAtOnce))),
        );
        for (const { taskArn } of tasks) log.info(`task started: ${taskArn}`);
        // Fargate without room says so in a 200. The work is done by fewer, rather than later.
        for (const { reason, detail } of failures)
          log.warn(`a further task could not be started: ${[reason, detail].filter(Boolean).join(': ')}`);
      }
    },
    // They end by themselves, as soon as they are told to or find nobody any more.
    close: async () => {},
  };
}
