import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConflictException, type ECSClient, RunTaskCommand, type RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { logStreamLink } from '../core/deployed/console-links.js';
import {
  containerName,
  type DeployedTarget,
  type Deployment,
  type Job,
  taskFamily,
  taskLogStream,
} from '../core/deployed/deployment.js';
import type { Log } from '../core/log.js';

export interface TaskRequest {
  readonly job: Job;
  readonly target: DeployedTarget;
  /** Instead of the task definition's own. */
  readonly command?: readonly string[];
  /** What this task is for: the same key never starts a second one, within a day. */
  readonly key: string;
  /** Not on Spot, whatever the environment says. */
  readonly onDemand?: boolean;
}

export interface StartedTask {
  readonly taskArn: string;
  /** Link to its log. */
  readonly log: string;
}

export interface RunTaskContext {
  readonly ecs: ECSClient;
  readonly deployment: Deployment;
  readonly log: Log;
  /** Milliseconds to wait before each further try. */
  readonly pauses?: readonly number[];
}

/**
 * Starts a task. Fargate may have no room just then; RunTask tells it in a 200 without a task, so it is tried again.
 *
 * Every try of one key, of this call and of any other, has the same token and, but for Spot, the same parameters. ECS ties
 * a token to the task that it brought, so whichever try brings one first, all others are answered with that one, or with a
 * conflict that names it; a try that brought none ties nothing. A restore never runs on Spot: somebody waits for it. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ECS_Idempotency.html
 *
 * @throws Error where no try brought a task
 */
export async function runTask(context: RunTaskContext, request: TaskRequest): Promise<StartedTask> {
  const { ecs, deployment, log, pauses = [2_000, 8_000] } = context;
  const clientToken = createHash('sha256').update(request.key).digest('hex');
  const taskDefinition = taskFamily(deployment.environment, request.job, request.target);
  const isSpot = deployment.spot && request.job !== 'restore' && request.onDemand !== true;
  let reason = '';
  for (let attempt = 0; attempt <= pauses.length; attempt += 1) {
    if (attempt > 0) await delay(pauses[attempt - 1]);
    // Spot may have no room for hours: the last try costs more, and brings the backup.
    const input = { ...taskInput(deployment, request, isSpot && attempt < pauses.length), taskDefinition, clientToken };
    try {
      const { tasks = [], failures = [] } = await ecs.send(new RunTaskCommand(input));
      const taskArn = tasks[0]?.taskArn;
      if (taskArn) return started(deployment, request, taskArn);
      reason = failures.map(({ reason: what, detail }) => [what, detail].filter(Boolean).join(': ')).join('; ');
    } catch (error) {
      // Started already, with other parameters: before a deployment that lies between the two calls.
      if (!(error instanceof ConflictException) || !error.resourceIds?.[0]) throw error;
      return started(deployment, request, error.resourceIds[0]);
    }
    log.warn(`no task for ${taskDefinition}: ${reason || 'no reason given'}`, { attempt });
  }
  throw new Error(`no task could be started for ${taskDefinition}: ${reason || 'no reason given'}`);
}

function taskInput(
  { cluster, network }: Deployment,
  { command }: TaskRequest,
  spot: boolean,
): Omit<RunTaskCommandInput, 'taskDefinition'> {
  return {
    cluster,
    count: 1,
    ...(spot
      ? { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] }
      : { launchType: 'FARGATE' }),
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: network.subnets,
        securityGroups: network.securityGroups,
        assignPublicIp: network.publicAddress ? 'ENABLED' : 'DISABLED',
      },
    },
    ...(command ? { overrides: { containerOverrides: [{ name: containerName, command: [...command] }] } } : {}),
    startedBy: 'respaldo',
  };
}

function started({ region, logGroup }: Deployment, { job, target }: TaskRequest, taskArn: string): StartedTask {
  return { taskArn, log: logStreamLink(region, logGroup, taskLogStream(job, target, taskArn)) };
}
