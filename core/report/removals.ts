import { planCleanupOf } from '../cleanup.js';
import type { Decision, Period, RetentionPolicy } from '../retention.js';
import { periodName, periods } from '../retention.js';
import type { Target } from './model.js';
import { count, dayOf, listed, span } from './text.js';

/** What the next cleanup removes from one storage. */
export interface Removal {
  readonly storage: string;
  /** Oldest first, the first {@link shown} of them. */
  readonly backups: readonly {
    readonly id: string;
    readonly time: Date;
    readonly bytes: number;
    readonly why: string;
  }[];
  readonly count: number;
  readonly bytes: number;
  /** Files without a manifest, and old. */
  readonly leftovers: number;
  /** It would be more than half, so nothing goes unless forced. */
  readonly refused: boolean;
}

const shown = 12;

/** What a cleanup at this moment would do, storage by storage, as `respaldo cleanup --dry-run` says it. */
export function planRemovals({ sources, kind, target }: Target, policy: RetentionPolicy, now: Date): Removal[] {
  return sources.map(({ storage, catalog }) => {
    const { decisions, leftovers, refused } = planCleanupOf(catalog, kind, target, policy, now);
    const going = decisions.filter(({ reasons }) => reasons.length === 0).reverse();
    return {
      storage,
      backups: going.slice(0, shown).map(({ backup: { id, time, bytes } }) => ({
        ...{ id, time, bytes },
        why: whyNot(time, decisions, policy, now),
      })),
      count: going.length,
      bytes: going.reduce((sum, { backup }) => sum + backup.bytes, 0),
      leftovers: leftovers.length,
      refused,
    };
  });
}

/** Why no rule keeps a backup: `41 d old (limit 30 d); its week is kept by 2026-03-08`. */
function whyNot(time: Date, decisions: readonly Decision[], { days, keep }: RetentionPolicy, now: Date): string {
  const age = `${span(now.getTime() - time.getTime())} old${days === undefined ? '' : ` (limit ${days} d)`}`;
  const words: Record<Period, string> = { daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' };
  const open = periods.filter((period) => (keep?.[period] ?? 0) > 0);
  if (open.length === 0) return age;
  for (const period of open) {
    const keeper = keeperOf(period, time, decisions);
    if (keeper) return `${age}; its ${words[period]} is kept by ${dayOf(keeper.backup.time)}`;
  }
  return `${age}; before the ${listed(open.map((period) => count(keep?.[period] ?? 0, words[period])))} that are kept`;
}

function keeperOf(period: Period, time: Date, decisions: readonly Decision[]): Decision | undefined {
  const name = periodName(period, time);
  return decisions.find(({ backup, reasons }) => reasons.includes(period) && periodName(period, backup.time) === name);
}
