import { setTimeout as delay } from 'node:timers/promises';
import { type CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  type CloudWatchLogsClient,
  GetLogEventsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { Announce } from '../core/aws/event-bus.js';
import { readCatalog } from '../core/catalog.js';
import { logStreamLink } from '../core/deployed/console-links.js';
import {
  type DeployedTarget,
  type Deployment,
  type Job,
  jobs,
  taskFamily,
  taskLogStream,
} from '../core/deployed/deployment.js';
import { claimIncident } from '../core/deployed/incidents.js';
import { inLambdaWords } from '../core/deployed/lambda-words.js';
import { environmentDimensions, metricNames, metricNamespace } from '../core/deployed/metrics.js';
import { findToldError, judgeTaskEnd, parseTaskEnd, type TaskEnd, type ToldError } from '../core/deployed/task-end.js';
import type { Event } from '../core/events.js';
import { failureLink } from '../core/runbook.js';
import type { Storage } from '../core/storage.js';
import { startAgain } from './start-again.js';
import type { Wiring } from './wiring.js';

export interface TaskStoppedContext extends Wiring {
  readonly cloudWatch: CloudWatchClient;
  readonly logs: CloudWatchLogsClient;
  readonly ecs: ECSClient;
  readonly announce: Announce;
  readonly incidents: Storage;
  /** Milliseconds to wait before each further look for the task's last words. */
  readonly pauses?: readonly number[];
}

export type Outcome = 'not ours' | 'not ended' | 'well' | 'told already' | Event;

/**
 * Turns the end of a task that did not do its work into one failure event, and a count for the alarm. However often and
 * in whatever order ECS tells of the end, the event is published once: who makes the incident's note first, publishes.
 *
 * @param requestId Lambda's: its retries keep it, so that one that broke off between note and event goes on
 */
export async function taskStopped(context: TaskStoppedContext, detail: unknown, requestId: string): Promise<Outcome> {
  const { deployment, storage, cloudWatch, incidents, announce, log } = context;
  const end = parseTaskEnd(detail);
  if (!end) return 'not ended';
  const task = taskOf(deployment, end);
  if (!task) return 'not ours';
  const { job, target } = task;
  const isBackup = job === 'backup';
  const hasManifest = isBackup && (await completedSince(storage, target, end.createdAt));
  const told = end.exitCode === 0 ? undefined : await lastWords(context, job, target, end);
  const verdict = judgeTaskEnd(end, isBackup, hasManifest, told);
  if (!verdict) return 'well';
  const again = verdict.code === 'SPOT_INTERRUPTED' ? await startAgain(context, job, target, end) : '';

  const event: Event = {
    name: failureOf[job],
    detail: {
      environment: deployment.environment,
      kind: target.kind,
      target: target.target,
      taskArn: end.taskArn,
      ...verdict,
      hint: `${again} ${inLambdaWords(verdict.hint)}`.trim(),
      log: logStreamLink(deployment.region, deployment.logGroup, taskLogStream(job, target, end.taskArn)),
      runbook: failureLink(deployment.runbook, verdict.code),
    },
  };
  if (!(await claimIncident(incidents, { job, ...target, end, requestId, event }))) return 'told already';
  await cloudWatch.send(
    new PutMetricDataCommand({
      Namespace: metricNamespace,
      MetricData: [
        { MetricName: metricNames.failed, Value: 1, Dimensions: environmentDimensions(deployment.environment) },
      ],
    }),
  );
  await announce(event);
  log.warn(`${event.name}: ${verdict.reason}`, { ...event.detail });
  return event;
}

const failureOf = { backup: 'Backup Failed', restore: 'Restore Failed', drill: 'Drill Failed' } as const;

function taskOf(deployment: Deployment, { family }: TaskEnd): { job: Job; target: DeployedTarget } | undefined {
  for (const target of deployment.targets) {
    for (const job of jobs) if (taskFamily(deployment.environment, job, target) === family) return { job, target };
  }
  return undefined;
}

/** S3's listing knows only the second of a time, the task's beginning is known to the millisecond. */
async function completedSince(storage: Storage, { kind, target }: DeployedTarget, since: Date): Promise<boolean> {
  const { backups } = await readCatalog(storage, kind, target);
  const second = Math.floor(since.getTime() / 1000) * 1000;
  return backups.some(({ files }) => files.some(({ modified }) => modified.getTime() >= second));
}

/** The error that the program logged last. Its log may arrive after the news of its end: then it is looked for again. */
async function lastWords(
  { logs, deployment, pauses = [2_000, 5_000, 10_000] }: TaskStoppedContext,
  job: Job,
  target: DeployedTarget,
  end: TaskEnd,
): Promise<ToldError | undefined> {
  // One that ends at once may never have been seen running.
  if (!end.started && end.exitCode === undefined) return undefined;
  const logStreamName = taskLogStream(job, target, end.taskArn);
  for (let attempt = 0; attempt <= pauses.length; attempt += 1) {
    if (attempt > 0) await delay(pauses[attempt - 1]);
    const lines = await lastLines(logs, deployment.logGroup, logStreamName);
    const told = findToldError(lines);
    if (told) return told;
  }
  return undefined;
}

async function lastLines(logs: CloudWatchLogsClient, logGroupName: string, logStreamName: string): Promise<string[]> {
  try {
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({ logGroupName, logStreamName, limit: 50, startFromHead: false }),
    );
    return events.map(({ message = '' }) => message);
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return []; // it has not written a line, or not yet
    throw error;
  }
}
