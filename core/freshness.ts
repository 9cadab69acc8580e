import type { Kind } from './archive-name.js';
import type { Backup } from './catalog.js';

/** How old the newest good backup of one kind is, and whether that is well. */
export interface Freshness {
  readonly kind: Kind;
  readonly target: string;
  /** The newest good backup; undefined where there is none. */
  readonly newest: Backup | undefined;
  /** Undefined where there is none. Never negative: a backup from a wrong clock's future counts as new. */
  readonly ageHours: number | undefined;
  readonly maxAgeHours: number;
  readonly stale: boolean;
  /** Bytes of the one before, where the newest has less than half of it. */
  readonly halvedFrom: number | undefined;
}

/**
 * Judges how fresh the backups of one target and kind are. Reads no clock.
 *
 * @param good newest first; see `checkBackups` for what makes one good
 */
export function judgeFreshness(
  kind: Kind,
  target: string,
  good: readonly Backup[],
  maxAgeHours: number,
  now: Date,
): Freshness {
  const [newest, before] = good;
  const ageHours = newest && Math.max(0, (now.getTime() - newest.time.getTime()) / 3_600_000);
  return {
    kind,
    target,
    newest,
    ageHours,
    maxAgeHours,
    stale: ageHours === undefined || ageHours > maxAgeHours,
    halvedFrom: newest && before && newest.bytes * 2 < before.bytes ? before.bytes : undefined,
  };
}
