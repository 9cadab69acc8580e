import { kinds } from '../core/archive-name.js';
import { applyCleanup, type CleanupPlan, type CleanupReport, planCleanup } from '../core/cleanup.js';
import { retentionPolicy } from '../core/retention.js';
import type { Storage } from '../core/storage.js';
import { announceCleanup } from './announce.js';
import { askStorages, type Silent } from './ask-storages.js';
import type { Run } from './run.js';

/** What was planned, or done, in the storages that answered. */
export interface Cleaned<T> {
  readonly each: readonly T[];
  readonly silent: readonly Silent[];
}

/**
 * What a cleanup would do in every storage that answers, for every kind. Retention judges each storage by what it holds
 * itself, so none needs another's answer.
 */
export async function planCleanups(run: Run): Promise<Cleaned<CleanupPlan>> {
  const each: CleanupPlan[] = [];
  const silent = await askStorages(run, async (storage) => void each.push(...(await plansOf(run, storage))));
  return { each, silent };
}

/** Cleans every storage up. What is refused or fails in one does not stop the others; the reports tell. */
export async function cleanUp(run: Run, force: boolean): Promise<Cleaned<CleanupReport>> {
  const each: CleanupReport[] = [];
  const silent = await askStorages(run, async (storage) => {
    for (const plan of await plansOf(run, storage)) {
      run.signal.throwIfAborted();
      const report = await applyCleanup(plan, run.now(), force);
      each.push(report);
      await announceCleanup(run, report);
    }
  });
  return { each, silent };
}

/** All kinds are planned before the first is touched: a storage that falls silent in between is left as it is. */
async function plansOf({ settings, now }: Run, storage: Storage): Promise<CleanupPlan[]> {
  const policy = retentionPolicy(settings.BACKUP_RETENTION_DAYS, settings.BACKUP_KEEP);
  const plans: CleanupPlan[] = [];
  for (const kind of kinds) plans.push(await planCleanup(storage, kind, settings.BACKUP_TARGET ?? '', policy, now()));
  return plans;
}
