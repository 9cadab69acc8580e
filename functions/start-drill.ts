import { drilledTargets, drillHelp, parseDrillRequest } from '../core/deployed/drill-request.js';
import type { RunTaskContext } from './run-task.js';
import { type StartedFor, startEach } from './start-each.js';

export interface DrillReport {
  readonly started: readonly (StartedFor & { readonly backup: string })[];
}

/**
 * Starts a drill for each target that is asked for; `{}` is answered with help.
 *
 * @param requestId names a call that no schedule and no event made; Lambda's own retries keep it
 * @throws Error naming what could not be started
 */
export async function startDrills(
  context: RunTaskContext,
  event: unknown,
  requestId: string,
): Promise<DrillReport | { readonly help: string }> {
  const request = parseDrillRequest(event);
  if (!request) return { help: drillHelp };
  const { backup, run = requestId } = request;
  const targets = drilledTargets(request, context.deployment.targets);
  const started = await startEach(
    context,
    targets.map((target) => ({
      job: 'drill',
      target,
      command: ['drill', backup ?? (target.kind === 'media' ? '--media' : '--latest')],
      // The same for every delivery of the same news, and of each target another: databases and media share names.
      key: `${run} drill ${target.kind} ${target.target}`,
    })),
  );
  return { started: started.map((each) => ({ ...each, backup: backup ?? 'latest' })) };
}
