import type { Kind } from '../core/archive-name.js';
import { parseStartRequest, requestedTargets, startHelp } from '../core/deployed/start-request.js';
import { messageOf } from '../core/errors.js';
import { type RunTaskContext, runTask, type StartedTask } from './run-task.js';

export interface StartReport {
  readonly started: readonly (StartedTask & { readonly kind: Kind; readonly target: string })[];
}

/**
 * Starts a backup task for each target that is asked for; `{}` is answered with help. One that cannot be started does
 * not keep the others from it.
 *
 * @param requestId names a call that no schedule made; Lambda's own retries keep it
 * @throws Error naming what could not be started
 */
export async function startBackups(
  context: RunTaskContext,
  event: unknown,
  requestId: string,
): Promise<StartReport | { readonly help: string }> {
  const { deployment, log } = context;
  const request = parseStartRequest(event);
  if (!request) return { help: startHelp };
  const run = request.schedule ? `${request.schedule} ${request.due}` : requestId;
  const started: (StartedTask & { kind: Kind; target: string })[] = [];
  const failures: string[] = [];
  for (const target of requestedTargets(request, deployment.targets)) {
    const { kind, target: name } = target;
    try {
      const task = await runTask(context, { job: 'backup', target, key: `${run} ${kind} ${name}` });
      started.push({ kind, target: name, ...task });
      log.info(`backup of ${kind} ${name} runs`, { taskArn: task.taskArn });
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  if (failures.length > 0) throw new Error(failures.join('; '));
  return { started };
}
