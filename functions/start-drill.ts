import type { Kind } from '../core/archive-name.js';
import { drilledTargets, drillHelp, parseDrillRequest } from '../core/deployed/drill-request.js';
import { messageOf } from '../core/errors.js';
import { type RunTaskContext, runTask, type StartedTask } from './run-task.js';

type StartedDrill = StartedTask & { readonly kind: Kind; readonly target: string; readonly backup: string };

export interface DrillReport {
  readonly started: readonly StartedDrill[];
}

/**
 * Starts a drill for each target that is asked for; `{}` is answered with help. One that cannot be started does not keep
 * the others from it.
 *
 * @param requestId names a call that no schedule and no event made; Lambda's own retries keep it
 * @throws Error naming what could not be started
 */
export async function startDrills(
  context: RunTaskContext,
  event: unknown,
  requestId: string,
): Promise<DrillReport | { readonly help: string }> {
  const { deployment, log } = context;
  const request = parseDrillRequest(event);
  if (!request) return { help: drillHelp };
  const started: StartedDrill[] = [];
  const failures: string[] = [];
  for (const target of drilledTargets(request, deployment.targets)) {
    const backup = request.backup ?? 'latest';
    try {
      const task = await runTask(context, {
        job: 'drill',
        target,
        command: ['drill', request.backup ?? (target.kind === 'media' ? '--media' : '--latest')],
        // The same for every delivery of the same news, and of each target another: databases and media share names.
        key: `${request.run ?? requestId} drill ${target.kind} ${target.target}`,
      });
      started.push({ kind: target.kind, target: target.target, backup, ...task });
      log.info(`drill of ${target.kind} ${target.target} ${backup} runs`, { taskArn: task.taskArn });
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  if (failures.length > 0) throw new Error(failures.join('; '));
  return { started };
}
