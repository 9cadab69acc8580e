import { parseStartRequest, requestedTargets, startHelp } from '../core/deployed/start-request.js';
import type { RunTaskContext } from './run-task.js';
import { type StartedFor, startEach } from './start-each.js';

export interface StartReport {
  readonly started: readonly StartedFor[];
}

/**
 * Starts a backup task for each target that is asked for; `{}` is answered with help.
 *
 * @param requestId names a call that no schedule made; Lambda's own retries keep it
 * @throws Error naming what could not be started
 */
export async function startBackups(
  context: RunTaskContext,
  event: unknown,
  requestId: string,
): Promise<StartReport | { readonly help: string }> {
  const request = parseStartRequest(event);
  if (!request) return { help: startHelp };
  const run = request.schedule ? `${request.schedule} ${request.due}` : requestId;
  const targets = requestedTargets(request, context.deployment.targets);
  const started = await startEach(
    context,
    targets.map((target) => ({ job: 'backup', target, key: `${run} ${target.kind} ${target.target}` })),
  );
  return { started };
}
