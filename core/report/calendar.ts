import type { Backup } from '../catalog.js';
import { planRetention, type Reason, type RetentionPolicy } from '../retention.js';
import { failedRuns } from './failures.js';
import type { Target } from './model.js';
import { dayOf } from './text.js';

/** What a day was like, the best first: a good backup hides a failed run of the same day, whose note stays. */
export const dayStates = ['proved', 'backed up', 'failed', 'missed', 'nothing'] as const;
export type DayState = (typeof dayStates)[number];

export interface CalendarDay {
  /** `2026-03-05`, a day of UTC like the stamps in the names. */
  readonly date: string;
  readonly state: DayState;
  readonly backups: number;
  readonly bytes: number;
  /** The rules that keep a backup of that day. */
  readonly keptBy: readonly Reason[];
  /** No rule keeps any: the next cleanup takes them. */
  readonly going: boolean;
  /** What went wrong. */
  readonly trouble: string | undefined;
}

export interface CalendarMonth {
  /** `2026-03` */
  readonly month: string;
  readonly days: readonly CalendarDay[];
}

const day = 86_400_000;

/**
 * The last twelve months, the present one last and up to today, one entry a day.
 *
 * Missed is a day without a backup at whose end the newest one was older than allowed, but only where a backup of that
 * day would still be here: cleanup thins out older ones, which nobody has missed.
 */
export function calendarOf(
  target: Target,
  policy: RetentionPolicy,
  maxAgeHours: number | undefined,
  now: Date,
): CalendarMonth[] {
  const dates = datesOf(now);
  const byDay = groupBy(target.backups, ({ time }) => dayOf(time));
  const failed = groupBy(failedRuns(target), ({ time }) => dayOf(time));
  const kept = keptBy(target, policy, now);
  const missed = missedDays(dates, target.backups, policy, maxAgeHours, now);
  const days = dates.map((date): CalendarDay => {
    const backups = byDay.get(date) ?? [];
    const troubles = [
      ...backups.flatMap((backup) => troubleOf(backup, target) ?? []),
      ...(failed.get(date) ?? []).map(({ what }) => `a run failed: ${what}`),
    ];
    const good = backups.filter((backup) => troubleOf(backup, target) === undefined);
    const reasons = [...new Set(backups.flatMap(({ id }) => [...(kept.get(id) ?? [])]))];
    return {
      date,
      state: good.some(({ verified }) => verified)
        ? 'proved'
        : good.length > 0
          ? 'backed up'
          : troubles.length > 0
            ? 'failed'
            : missed.has(date)
              ? 'missed'
              : 'nothing',
      backups: backups.length,
      bytes: backups.reduce((sum, { bytes }) => sum + bytes, 0),
      keptBy: reasons,
      going: backups.length > 0 && reasons.length === 0,
      trouble: troubles.length > 0 ? troubles.join('; ') : undefined,
    };
  });
  return [...groupBy(days, ({ date }) => date.slice(0, 7))].map(([month, own]) => ({ month, days: own }));
}

/** Every date from the first of the month eleven months ago up to today. */
function datesOf(now: Date): string[] {
  const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 11, 1);
  const length = Math.floor((now.getTime() - first) / day) + 1;
  return Array.from({ length }, (_, index) => dayOf(new Date(first + index * day)));
}

function troubleOf({ id, drillFailed }: Backup, { facts }: Target): string | undefined {
  return facts.get(id)?.damage ?? (drillFailed ? 'its drill failed' : undefined);
}

/** What keeps each backup, over all storages: each is cleaned up by itself. */
function keptBy({ sources }: Target, policy: RetentionPolicy, now: Date): Map<string, Set<Reason>> {
  const kept = new Map<string, Set<Reason>>();
  for (const { catalog } of sources) {
    for (const { backup, reasons } of planRetention(catalog.backups, policy, now)) {
      const known = kept.get(backup.id) ?? new Set();
      for (const reason of reasons) known.add(reason);
      kept.set(backup.id, known);
    }
  }
  return kept;
}

function missedDays(
  dates: readonly string[],
  backups: readonly Backup[],
  policy: RetentionPolicy,
  maxAgeHours: number | undefined,
  now: Date,
): ReadonlySet<string> {
  const oldest = backups.at(-1);
  if (maxAgeHours === undefined || !oldest) return new Set();
  const times = backups.map(({ time }) => time.getTime()).reverse();
  const stale: string[] = [];
  let next = 0;
  for (const date of dates) {
    const start = Date.parse(date);
    const end = Math.min(start + day, now.getTime());
    while ((times[next] ?? Number.POSITIVE_INFINITY) < end) next += 1;
    const last = times[next - 1];
    if (last !== undefined && last < start && end - last > maxAgeHours * 3_600_000) stale.push(date);
  }
  // Had there been a backup on each of these days, which would retention still keep?
  const imagined = stale.map((date) => {
    const noon = Math.min(Date.parse(date) + day / 2, now.getTime());
    return { ...oldest, id: date, verified: false, time: new Date(noon) };
  });
  const asked = new Set(stale);
  return new Set(
    planRetention([...backups, ...imagined], policy, now)
      .filter(({ backup, reasons }) => reasons.length > 0 && asked.has(backup.id))
      .map(({ backup }) => backup.id),
  );
}

function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(nameOf(item));
    if (group) group.push(item);
    else groups.set(nameOf(item), [item]);
  }
  return groups;
}
