import { kinds } from '../core/archive-name.js';
import { applyCleanup, type CleanupPlan, type CleanupReport, planCleanup } from '../core/cleanup.js';
import { retentionPolicy } from '../core/retention.js';
import { announceCleanup } from './announce.js';
import type { Run } from './run.js';

/** What a cleanup would do in every storage, for every kind. */
export async function planCleanups({ settings, storages, now }: Run): Promise<CleanupPlan[]> {
  const policy = retentionPolicy(settings.BACKUP_RETENTION_DAYS, settings.BACKUP_KEEP);
  const plans: CleanupPlan[] = [];
  for (const storage of storages) {
    for (const kind of kinds) plans.push(await planCleanup(storage, kind, settings.BACKUP_TARGET ?? '', policy, now()));
  }
  return plans;
}

/** Cleans every storage up. What is refused or fails in one does not stop the others; the reports tell. */
export async function cleanUp(run: Run, force: boolean): Promise<CleanupReport[]> {
  const reports: CleanupReport[] = [];
  for (const plan of await planCleanups(run)) {
    run.signal.throwIfAborted();
    const report = await applyCleanup(plan, run.now(), force);
    await announceCleanup(run, report);
    reports.push(report);
  }
  return reports;
}
