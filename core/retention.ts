import type { Backup } from './catalog.js';

/** The periods of a grandfather-father-son policy, shortest first. */
export const periods = ['daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof periods)[number];
export type Keep = Readonly<Record<Period, number>>;

export interface RetentionPolicy {
  /** Keep what is younger than so many days; undefined: age alone keeps nothing. */
  readonly days: number | undefined;
  /** Keep the newest of so many periods that have a backup. */
  readonly keep: Keep | undefined;
}

export type Reason = 'latest' | 'latest verified' | 'young' | 'in the future' | Period;

/** What becomes of one backup, and why. `reasons` is empty exactly when the backup may go. */
export interface Decision {
  readonly backup: Backup;
  readonly reasons: readonly Reason[];
}

const day = 86_400_000;

/** `daily=7,weekly=4` as numbers, or a sentence that says what is wrong with it. */
export function parseKeep(text: string): Keep | string {
  const keep: Record<Period, number> = { daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    const [name = '', value = '', ...rest] = part.split('=').map((piece) => piece.trim());
    const period = periods.find((known) => known === name);
    if (!period || !/^\d{1,5}$/.test(value) || rest.length > 0) {
      return `"${part.trim()}" is not one of ${periods.map((known) => `${known}=N`).join(', ')}`;
    }
    if (seen.has(period)) return `${period} is given twice`;
    seen.add(period);
    keep[period] = Number(value);
  }
  return keep;
}

/** The policy that the two settings make: thirty days where neither is set; either alone; or both, each keeping its own. */
export function retentionPolicy(days: number | undefined, keep: Keep | undefined): RetentionPolicy {
  return { days: days ?? (keep ? undefined : 30), keep };
}

/**
 * Decides which backups to keep, and says why. Deletes nothing, reads no clock.
 * The newest and the newest verified are always kept, so a wrong policy cannot empty the storage.
 * A period without a backup uses up no slot: after a month of failures the last good week is still there.
 * A backup dated in the future is kept and takes nobody's place: it shows a clock that was wrong, not a newer state.
 * Periods are UTC days, ISO weeks (from Monday), months and years, like the stamps in the names.
 *
 * @param backups of one target and kind, in any order
 * @returns newest first
 */
export function planRetention(backups: readonly Backup[], policy: RetentionPolicy, now: Date): Decision[] {
  const newestFirst = [...backups].sort((a, b) => b.time.getTime() - a.time.getTime() || (a.id < b.id ? 1 : -1));
  const past = newestFirst.filter((backup) => backup.time <= now);
  const latest = past[0];
  const latestVerified = past.find((backup) => backup.verified);
  const open = periods.map((period) => ({ period, left: policy.keep?.[period] ?? 0, last: '' }));
  return newestFirst.map((backup) => {
    if (backup.time > now) return { backup, reasons: ['in the future'] };
    const reasons: Reason[] = [];
    if (backup === latest) reasons.push('latest');
    if (backup === latestVerified) reasons.push('latest verified');
    if (policy.days !== undefined && now.getTime() - backup.time.getTime() < policy.days * day) reasons.push('young');
    for (const slot of open) {
      if (slot.left === 0) continue;
      const name = periodName(slot.period, backup.time);
      if (slot.last === name) continue;
      slot.last = name;
      slot.left -= 1;
      reasons.push(slot.period);
    }
    return { backup, reasons };
  });
}

/**
 * The brake: whether a plan would remove more than half of a target's backups at once. A clock that is years ahead or
 * a slip in a setting looks like that; an honest cleanup rarely does.
 */
export function removesTooMany(decisions: readonly Decision[]): boolean {
  const removed = decisions.filter(({ reasons }) => reasons.length === 0).length;
  return removed * 2 > decisions.length;
}

/** The period of its kind in which an instant lies: two instants of one period have one name. */
export function periodName(period: Period, time: Date): string {
  switch (period) {
    case 'daily':
      return time.toISOString().slice(0, 10);
    case 'weekly':
      return String(Math.floor((time.getTime() / day + 3) / 7));
    case 'monthly':
      return time.toISOString().slice(0, 7);
    case 'yearly':
      return time.toISOString().slice(0, 4);
  }
}
