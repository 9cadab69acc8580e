import type { Target } from './model.js';
import { dayOf } from './text.js';

/** One backup in the charts. */
export interface TrendPoint {
  readonly id: string;
  readonly time: Date;
  readonly bytes: number;
  /** How long the backup took, where its manifest was read. */
  readonly seconds: number | undefined;
  /** How long a drill's restore of it took. */
  readonly restoreSeconds: number | undefined;
}

/** The last backup of each of the last 366 days, oldest first. */
export function trendOf({ backups, facts }: Target, now: Date): TrendPoint[] {
  const from = now.getTime() - 366 * 86_400_000;
  const byDay = new Map<string, TrendPoint>();
  for (const { id, time, bytes } of backups) {
    if (time.getTime() < from) break;
    if (time > now) continue;
    const { manifest, drill } = facts.get(id) ?? {};
    const known = byDay.get(dayOf(time));
    if (known && (known.seconds !== undefined || !manifest)) continue;
    byDay.set(dayOf(time), {
      ...{ id, time, bytes },
      seconds: manifest && (Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt)) / 1000,
      restoreSeconds: drill?.passed ? drill.seconds.restore : undefined,
    });
  }
  return [...byDay.values()].sort((a, b) => a.time.getTime() - b.time.getTime());
}
