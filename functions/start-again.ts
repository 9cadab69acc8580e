import type { DeployedTarget, Job } from '../core/deployed/deployment.js';
import type { TaskEnd } from '../core/deployed/task-end.js';
import { messageOf } from '../core/errors.js';
import { type RunTaskContext, runTask } from './run-task.js';

/**
 * Does on demand, and at once, what a task on Spot was interrupted in: nobody has to be woken for it. However often this is
 * asked for one task, one is started.
 *
 * @returns what became of it, for people; a failure is told there, because the interruption has to be told in any case
 */
export async function startAgain(
  context: Pick<RunTaskContext, 'ecs' | 'deployment' | 'log'>,
  job: Job,
  target: DeployedTarget,
  { taskArn, command }: TaskEnd,
): Promise<string> {
  try {
    const again = await runTask(context, {
      ...{ job, target, key: `${taskArn} again`, onDemand: true },
      ...(command ? { command } : {}),
    });
    return `It was started again at once, on demand: ${again.log}`;
  } catch (error) {
    return `It could not be started again (${messageOf(error)}): send ${job === 'drill' ? 'start-drill' : 'start-backup'} what it takes.`;
  }
}
