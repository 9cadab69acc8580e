import type { Kind } from '../core/archive-name.js';
import type { CleanupReport } from '../core/cleanup.js';
import { messageOf, toldError } from '../core/errors.js';
import type { About, Event, Failure } from '../core/events.js';
import { failureLink } from '../core/runbook.js';
import type { BackupResult } from './results.js';
import type { Run } from './run.js';
import { watched } from './watched.js';

/** Runs a backup, ended where it stalls, and tells the event bus how it ended. */
export async function announcingBackup(
  run: Run,
  kind: Kind,
  backup: (run: Run) => Promise<BackupResult>,
): Promise<BackupResult> {
  const result = await announcingFailure(run, 'Backup Failed', kind, () => watched(run, kind, backup));
  const { manifest, bytes, storedIn, anomalies } = result;
  const { id, startedAt, finishedAt } = manifest;
  const detail = { ...about(run, kind), backup: id, bytes, startedAt, finishedAt, storedIn };
  await announce(run, { name: 'Backup Completed', detail });
  if (anomalies.length > 0)
    await announce(run, { name: 'Backup Anomaly', detail: { ...about(run, kind), backup: id, anomalies } });
  return result;
}

/** Runs a restore of one backup, ended where it stalls, and tells the event bus how it ended. */
export async function announcingRestore<Result>(
  run: Run,
  kind: Kind,
  backup: string,
  restore: (run: Run) => Promise<Result>,
  describe: (result: Result) => { readonly into: string; readonly kept?: string | undefined },
): Promise<Result> {
  const result = await announcingFailure(run, 'Restore Failed', kind, () => watched(run, kind, restore));
  const { into, kept } = describe(result);
  const detail = { ...about(run, kind), backup, into, ...(kept === undefined ? {} : { kept }) };
  await announce(run, { name: 'Restore Completed', detail });
  return result;
}

/** Runs a drill of one backup, and tells the event bus how it ended. */
export async function announcingDrill<Result>(
  run: Run,
  kind: Kind,
  backup: string,
  drill: () => Promise<Result>,
  secondsOf: (result: Result) => number,
): Promise<Result> {
  const result = await announcingFailure(run, 'Drill Failed', kind, drill, { backup });
  await announce(run, { name: 'Drill Passed', detail: { ...about(run, kind), backup, seconds: secondsOf(result) } });
  return result;
}

/** Tells the event bus what a cleanup removed. */
export async function announceCleanup(run: Run, { plan, removed }: CleanupReport): Promise<void> {
  const detail = {
    ...about(run, plan.kind),
    removed: removed.map(({ id }) => id),
    kept: plan.decisions.length - removed.length,
  };
  await announce(run, { name: 'Cleanup Completed', detail });
}

async function announcingFailure<Result>(
  run: Run,
  name: 'Backup Failed' | 'Restore Failed' | 'Drill Failed',
  kind: Kind,
  action: () => Promise<Result>,
  more: { readonly backup?: string } = {},
): Promise<Result> {
  try {
    return await action();
  } catch (thrown) {
    const error = run.signal.aborted ? run.signal.reason : thrown;
    if (run.settings.BACKUP_EVENTS === 'all') {
      await announce(run, { name, detail: { ...about(run, kind), ...more, ...failureOf(error) } });
    }
    throw thrown;
  }
}

function failureOf(error: unknown): Failure {
  const { code, message, hint, exitCode } = toldError(error);
  return { code, reason: message, hint, exitCode, runbook: failureLink('docs/runbook.md', code) };
}

function about({ settings }: Run, kind: Kind): About {
  const environment = settings.BACKUP_ENVIRONMENT;
  return { ...(environment ? { environment } : {}), kind, target: settings.BACKUP_TARGET ?? '' };
}

/** The backup is the truth and the event only news of it: one that cannot be told is a warning. */
async function announce(run: Run, event: Event): Promise<void> {
  const bus = run.settings.BACKUP_EVENT_BUS;
  if (!bus) return;
  try {
    const { announceOn } = await import('../core/aws/event-bus.js');
    await announceOn(bus)(event);
  } catch (error) {
    run.log.warn(`"${event.name}" not told to ${bus}: ${messageOf(error)}`);
  }
}
