import type { Command } from 'commander';
import { megabytes } from '../../core/backup-table.js';
import type { CleanupPlan, CleanupReport } from '../../core/cleanup.js';
import { exitCodes, OperatorError } from '../../core/errors.js';
import { cleanUp, planCleanups } from '../cleanup.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';
import { tellSilent } from './tell-silent.js';

interface CleanupOptions {
  readonly dryRun?: true;
  readonly force?: true;
  readonly json?: true;
}

export function registerCleanup(root: Command, invocation: Invocation): void {
  root
    .command('cleanup')
    .description('Remove the backups that the retention policy does not keep.')
    .option('--dry-run', 'say of every backup whether it stays and why, and remove nothing')
    .option('--force', 'remove even more than half of the backups')
    .option('--json', 'print the report as JSON')
    .action(async (options: CleanupOptions) => cleanup(invocation, await invocation.start(), options));
}

/** Cleans every storage up. A refusal or a failure in one does not stop the others. */
export async function cleanup(
  invocation: Invocation,
  run: Run,
  { dryRun, force, json }: CleanupOptions,
): Promise<void> {
  if (dryRun) {
    const { each: plans, silent } = await planCleanups(run);
    invocation.print(json ? JSON.stringify(plans.map(planJson), null, 2) : plans.map(describePlan).join('\n\n'));
    tellSilent(invocation, run, silent);
    return;
  }
  const { each: reports, silent } = await cleanUp(run, force === true);
  invocation.print(json ? JSON.stringify(reports.map(reportJson), null, 2) : reports.map(describeReport).join('\n'));
  // The exit code is of what was told last: what failed weighs more than what was refused.
  if (!force) tellRefused(invocation, run, reports);
  tellFailed(invocation, run, reports);
  tellSilent(invocation, run, silent);
}

function tellFailed(invocation: Invocation, run: Run, reports: readonly CleanupReport[]): void {
  const failures = reports.flatMap((report) => report.failures);
  if (failures.length === 0) return;
  for (const { key, reason } of failures) run.log.warn(`${key} not removed: ${reason}`);
  run.log.error(
    new OperatorError(
      'REMOVAL_FAILED',
      `${failures.length} files could not be removed`,
      'Mend what is said above and run again: what is gone stays gone.',
    ),
  );
  invocation.exitWith(exitCodes.storage);
}

function tellRefused(invocation: Invocation, run: Run, reports: readonly CleanupReport[]): void {
  const refused = reports.filter(({ plan }) => plan.refused);
  if (refused.length === 0) return;
  const what = refused.map(
    ({ plan: { kind, storage, decisions } }) =>
      `${decisions.filter(goes).length} of ${decisions.length} ${kind} backups in ${storage.name}`,
  );
  run.log.error(
    new OperatorError(
      'TOO_MANY_REMOVALS',
      `this would remove ${what.join(' and ')}, more than half: nothing of that was removed`,
      'Look at "respaldo cleanup --dry-run" and at this machine’s clock. If it is meant, use --force.',
    ),
  );
  invocation.exitWith(exitCodes.refused);
}

type Goes = CleanupPlan['decisions'][number];
const goes = ({ reasons }: Goes): boolean => reasons.length === 0;

function describePlan({ kind, storage, decisions, leftovers, refused }: CleanupPlan): string {
  const lines = decisions.map((decision) => {
    const { backup, reasons } = decision;
    const verdict = goes(decision) ? 'remove' : 'keep';
    const why = goes(decision) ? 'no rule keeps it' : reasons.join(', ');
    return `${verdict.padEnd(6)} | ${backup.id} | ${megabytes(backup.bytes).padStart(8)} MB | ${why}`;
  });
  const leftover = leftovers.map((key) => `remove | ${key} | left without a manifest, and old`);
  const brake = refused ? ['more than half would go: refused unless --force'] : [];
  return [`${kind.toUpperCase()} in ${storage.name} (${decisions.length}):`, ...lines, ...leftover, ...brake].join(
    '\n',
  );
}

function describeReport({ plan: { kind, storage, decisions }, removed, cleared }: CleanupReport): string {
  const bytes = removed.reduce((sum, backup) => sum + backup.bytes, 0);
  const extra = cleared.length > 0 ? `, ${cleared.length} leftovers cleared` : '';
  return `${kind.toUpperCase()} in ${storage.name}: ${removed.length} removed (${megabytes(bytes)} MB), ${decisions.length - removed.length} kept${extra}`;
}

function planJson({ kind, target, storage, decisions, leftovers, refused }: CleanupPlan) {
  return {
    kind,
    target,
    storage: storage.name,
    refused,
    leftovers,
    decisions: decisions.map((decision) => ({
      id: decision.backup.id,
      bytes: decision.backup.bytes,
      verdict: goes(decision) ? 'remove' : 'keep',
      reasons: decision.reasons,
    })),
  };
}

function reportJson({ plan: each, removed, cleared, failures }: CleanupReport) {
  return { ...planJson(each), removed: removed.map(({ id }) => id), cleared, failures };
}
