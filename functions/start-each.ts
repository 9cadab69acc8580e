import type { Kind } from '../core/archive-name.js';
import { messageOf } from '../core/errors.js';
import { type RunTaskContext, runTask, type StartedTask, type TaskRequest } from './run-task.js';

export interface StartedFor extends StartedTask {
  readonly kind: Kind;
  readonly target: string;
}

/**
 * Starts tasks, all at once: each may have to be tried again, and the Lambda's time is short. One that cannot be started
 * does not keep the others from it.
 *
 * @throws Error naming what could not be started
 */
export async function startEach(context: RunTaskContext, requests: readonly TaskRequest[]): Promise<StartedFor[]> {
  const outcomes = await Promise.allSettled(requests.map((request) => startOne(context, request)));
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? messageOf(outcome.reason) : []));
  if (failures.length > 0) throw new Error(failures.join('; '));
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
}

async function startOne(context: RunTaskContext, request: TaskRequest): Promise<StartedFor> {
  const { kind, target } = request.target;
  const task = await runTask(context, request);
  context.log.info(`${request.job} of ${kind} ${target} runs`, { taskArn: task.taskArn });
  return { kind, target, ...task };
}
