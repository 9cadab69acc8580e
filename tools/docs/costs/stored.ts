import type { Backup } from '../../../core/catalog.js';
import { planRetention, type RetentionPolicy } from '../../../core/retention.js';

export type StorageClass = 'standard' | 'infrequent' | 'glacier';

export interface VaultRules {
  readonly policy: RetentionPolicy;
  /** Youngest first. */
  readonly transitions: readonly { readonly to: Exclude<StorageClass, 'standard'>; readonly afterDays: number }[];
  /** How long the bucket keeps what cleanup has removed. */
  readonly oldVersionsDays: number;
  /** Days between two backups. */
  readonly every: number;
}

const day = 86_400_000;
/** A Monday. */
const begin = Date.UTC(2024, 0, 1, 3);
/** Until every slot of a year's policy is taken, and a year of weeks to look at. */
const settled = 450;
const looked = 364;

/**
 * How many archives a vault holds on average, by class, once it has settled: day by day, with the retention that cleanup
 * itself plans by, on Mondays. What is removed stays as an old version, and is paid for, a while longer.
 */
export function storedArchives({ policy, transitions, oldVersionsDays, every }: VaultRules) {
  let current: Backup[] = [];
  let removed: { readonly taken: number; readonly removed: number }[] = [];
  const days = { standard: 0, infrequent: 0, glacier: 0 };
  const classAt = (age: number): StorageClass =>
    transitions.reduce<StorageClass>((chosen, { to, afterDays }) => (age >= afterDays ? to : chosen), 'standard');
  for (let today = 0; today < settled + looked; today += 1) {
    if (today % every === 0) current.push(backupOf(today));
    if (today % 7 === 0) {
      const now = new Date(begin + today * day + 2 * 3_600_000);
      const gone = planRetention(current, policy, now).filter(({ reasons }) => reasons.length === 0);
      const names = new Set(gone.map(({ backup }) => backup));
      current = current.filter((backup) => !names.has(backup));
      removed.push(...gone.map(({ backup }) => ({ taken: dayOf(backup), removed: today })));
    }
    removed = removed.filter((version) => today - version.removed < oldVersionsDays);
    if (today < settled) continue;
    for (const backup of current) days[classAt(today - dayOf(backup))] += 1;
    // An old version stays in the class that it had.
    for (const version of removed) days[classAt(version.removed - version.taken)] += 1;
  }
  return {
    standard: days.standard / looked,
    infrequent: days.infrequent / looked,
    glacier: days.glacier / looked,
  };
}

function backupOf(today: number): Backup {
  const none = { files: [], bytes: 0, manifestKey: '', records: [], verified: false, drillFailed: false } as const;
  return { id: String(today), kind: 'database', target: '', time: new Date(begin + today * day), ...none };
}

function dayOf({ time }: Backup): number {
  return (time.getTime() - begin) / day;
}
