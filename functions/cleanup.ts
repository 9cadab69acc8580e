import type { Announce } from '../core/aws/event-bus.js';
import { applyCleanup, type CleanupPlan, type CleanupReport, planCleanup } from '../core/cleanup.js';
import { cleanupCommand, isDryRun } from '../core/deployed/cleanup-request.js';
import type { Deployment } from '../core/deployed/deployment.js';
import { OperatorError } from '../core/errors.js';
import { retentionPolicy } from '../core/retention.js';
import type { Wiring } from './wiring.js';

export interface CleanupContext extends Wiring {
  readonly announce: Announce;
  readonly now: Date;
}

interface TargetSummary {
  readonly kind: string;
  readonly target: string;
  /** In a sentence: a person has to see at once whether it was done. */
  readonly done: string;
  readonly keep: readonly string[];
  readonly remove: readonly string[];
  readonly refused: boolean;
}

/**
 * Removes what the environment's retention does not keep, target by target; with `{ "dryRun": true }`, only says what.
 *
 * @throws OperatorError USAGE before anything is done; else after all targets were seen to, where one refused or something could not be removed
 */
export async function cleanUp(context: CleanupContext, event: unknown): Promise<readonly TargetSummary[]> {
  const { deployment, storage, log, now } = context;
  const dryRun = isDryRun(event);
  const policy = retentionPolicy(deployment.retention.days, deployment.retention.keep);
  const summaries: TargetSummary[] = [];
  const problems: OperatorError[] = [];
  for (const { kind, target } of deployment.targets) {
    try {
      const plan = await planCleanup(storage, kind, target, policy, now);
      if (dryRun) {
        summaries.push(summaryOf(plan, whatWould(plan)));
        continue;
      }
      const report = await applyCleanup(plan, now, false);
      summaries.push(summaryOf(plan, `removed ${report.removed.length} of ${plan.decisions.length}`));
      for (const { key, reason } of report.failures) log.warn(`${key} not removed: ${reason}`);
      problems.push(...problemsOf(report, deployment));
      await announceCleanup(context, report);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      problems.push(error); // what keeps one target from being seen to is no reason to leave the others
    }
  }
  if (problems.length === 0) return summaries;
  for (const problem of problems) log.error(problem);
  throw problems[0];
}

async function announceCleanup(
  { announce, deployment }: CleanupContext,
  { plan, removed }: CleanupReport,
): Promise<void> {
  const { kind, target, decisions } = plan;
  await announce({
    name: 'Cleanup Completed',
    detail: {
      environment: deployment.environment,
      kind,
      target,
      removed: removed.map(({ id }) => id),
      kept: decisions.length - removed.length,
    },
  });
}

function whatWould({ decisions, refused }: CleanupPlan): string {
  const counted = `${goingOf(decisions).length} of ${decisions.length}`;
  return refused
    ? `nothing, in a dry run; cleanup would refuse to remove ${counted}, which is more than half`
    : `nothing, in a dry run; cleanup would remove ${counted}`;
}

function goingOf(decisions: CleanupPlan['decisions']): CleanupPlan['decisions'] {
  return decisions.filter(({ reasons }) => reasons.length === 0);
}

function summaryOf({ kind, target, decisions, refused }: CleanupPlan, done: string): TargetSummary {
  const goes = goingOf(decisions);
  const stays = decisions.filter(({ reasons }) => reasons.length > 0);
  return {
    kind,
    target,
    done,
    keep: someOf(stays.map(({ backup, reasons }) => `${backup.id}: ${reasons.join(', ')}`)),
    remove: someOf(goes.map(({ backup }) => backup.id)),
    refused,
  };
}

/** Lambda answers with 6 MB at most. */
const shown = 500;

function someOf(lines: readonly string[]): readonly string[] {
  return lines.length <= shown ? lines : [...lines.slice(0, shown), `and ${lines.length - shown} more`];
}

function problemsOf({ plan, failures }: CleanupReport, deployment: Deployment): OperatorError[] {
  const problems: OperatorError[] = [];
  if (plan.refused) {
    const going = goingOf(plan.decisions).length;
    problems.push(
      new OperatorError(
        'TOO_MANY_REMOVALS',
        `cleanup would remove ${going} of ${plan.decisions.length} ${plan.kind} backups${plan.target && ` of "${plan.target}"`}, more than half: nothing was removed`,
        `Send { "dryRun": true } and see whether the retention in cdk.json is meant. To do it by hand, with credentials that may: ${cleanupCommand(deployment, plan.target)}.`,
      ),
    );
  }
  if (failures.length > 0) {
    problems.push(
      new OperatorError(
        'REMOVAL_FAILED',
        `${failures.length} objects could not be removed: ${failures[0]?.key}: ${failures[0]?.reason}`,
        'The next cleanup tries again; the log names them all.',
      ),
    );
  }
  return problems;
}
