import { folderOf, type Kind, parseObjectName } from './archive-name.js';
import { type Backup, type Catalog, readCatalog } from './catalog.js';
import { type Decision, planRetention, type RetentionPolicy, removesTooMany } from './retention.js';
import type { RemovalFailure, Storage } from './storage.js';

/** What interrupted runs left is cleared once it is so old that no run can still be at work on it: two days. */
const abandonedAfter = 2 * 86_400_000;

/** What a cleanup of one target and kind in one storage would do. */
export interface CleanupPlan {
  readonly kind: Kind;
  readonly target: string;
  readonly storage: Storage;
  /** Newest first. */
  readonly decisions: readonly Decision[];
  /** Files named like backups, without a manifest, and older than the policy keeps anything. */
  readonly leftovers: readonly string[];
  /** It would remove more than half of the backups: nothing is removed unless forced. */
  readonly refused: boolean;
}

export interface CleanupReport {
  readonly plan: CleanupPlan;
  readonly removed: readonly Backup[];
  /** Names of leftovers, of temporary files, of unfinished uploads, and of what was removed so long ago that it cannot be wanted back. */
  readonly cleared: readonly string[];
  readonly failures: readonly RemovalFailure[];
}

/** Decides what a cleanup would do. Reads the listing only. */
export async function planCleanup(
  storage: Storage,
  kind: Kind,
  target: string,
  policy: RetentionPolicy,
  now: Date,
): Promise<CleanupPlan> {
  const catalog = await readCatalog(storage, kind, target);
  return { storage, ...planCleanupOf(catalog, kind, target, policy, now) };
}

/** The same, of a listing that was read already. */
export function planCleanupOf(
  catalog: Catalog,
  kind: Kind,
  target: string,
  policy: RetentionPolicy,
  now: Date,
): Omit<CleanupPlan, 'storage'> {
  const decisions = planRetention(catalog.backups, policy, now);
  const leftovers = leftoversOf(catalog, kind, target, policy, now);
  return { kind, target, decisions, leftovers, refused: removesTooMany(decisions) };
}

/**
 * Does what the plan says. Each backup loses its manifest first, so that it is never listed without its bytes. A
 * removal that fails goes on with the rest; running again finishes it.
 */
export async function applyCleanup(plan: CleanupPlan, now: Date, force: boolean): Promise<CleanupReport> {
  const { storage, kind, target } = plan;
  const old = new Date(now.getTime() - abandonedAfter);
  const unfinished = [
    ...(await storage.clearAbandoned(folderOf(kind, target), old)),
    ...(await storage.clearRemoved(now)),
  ];
  if (plan.refused && !force) return { plan, removed: [], cleared: unfinished, failures: [] };

  const going = plan.decisions.filter(({ reasons }) => reasons.length === 0).map(({ backup }) => backup);
  const failures = await storage.remove(going.map(({ manifestKey }) => manifestKey));
  const unlisted = going.filter(({ manifestKey }) => !failures.some(({ key }) => key === manifestKey));
  const files = unlisted.flatMap((backup) => [...backup.files, ...backup.records].map(({ key }) => key));
  const left = await storage.remove([...files, ...plan.leftovers]);
  failures.push(...left);
  const isLeft = (key: string) => left.some((failure) => failure.key === key);
  return {
    plan,
    removed: unlisted.filter((backup) => !backup.files.some(({ key }) => isLeft(key))),
    cleared: [...unfinished, ...plan.leftovers.filter((key) => !isLeft(key))],
    failures,
  };
}

/**
 * Archives without a manifest: of a killed run, or of the system that was used before. They count for nothing, but only
 * age retires them, and only where a real backup is there.
 */
function leftoversOf(catalog: Catalog, kind: Kind, target: string, policy: RetentionPolicy, now: Date): string[] {
  if (policy.days === undefined || catalog.backups.length === 0) return [];
  const before = now.getTime() - Math.max(policy.days * 86_400_000, abandonedAfter);
  const folder = folderOf(kind, target);
  return catalog.unvouched
    .filter(
      ({ key }) => (parseObjectName(key.slice(folder.length))?.time.getTime() ?? Number.POSITIVE_INFINITY) < before,
    )
    .map(({ key }) => key);
}
