import type { Kind } from '../archive-name.js';
import type { Backup } from '../catalog.js';
import { drillStateOfCopies } from '../drill/drill-records.js';
import type { Verification } from '../drill/verification.js';
import { estimateRestoreSeconds } from '../estimate.js';
import type { RetentionPolicy } from '../retention.js';
import type { NamedSchedule } from '../schedules/schedules.js';
import { type CalendarMonth, calendarOf } from './calendar.js';
import { planRemovals, type Removal } from './removals.js';
import { type RunLine, runsOf } from './runs.js';
import type { Facts, SilentStorage, Sources, TargetKey, TargetSource } from './sources.js';
import { type Prices, type StorageUse, storageUse } from './storage-use.js';
import { type TrendPoint, trendOf } from './trend.js';
import { type Upcoming, upcomingOf } from './upcoming.js';
import { judge, judgeAll, silentProblem, type Verdict } from './verdict.js';

/** What the people who run this want of it. */
export interface Expectations {
  readonly policy: RetentionPolicy;
  /** Hours that a target's newest backup may be old; undefined where nobody expects any. */
  maxAgeHours(target: TargetKey): number | undefined;
  /** How old a proof may be. */
  readonly maxProofHours: number;
  /** Targets that should be there even where no backup is. */
  readonly expected: readonly TargetKey[];
  readonly schedules: readonly NamedSchedule[];
  readonly zone: string;
  readonly prices: Prices | undefined;
}

/** Everything that the page and the widget show. Serializes to JSON as it is. */
export interface Report {
  readonly madeAt: Date;
  readonly environment: string | undefined;
  readonly verdict: Verdict;
  readonly targets: readonly TargetReport[];
  readonly zone: string;
  readonly upcoming: readonly Upcoming[];
  readonly storage: readonly StorageUse[];
  /** Of all storages; undefined where a price is missing, or a storage did not answer. */
  readonly monthlyCost: { readonly amount: number; readonly currency: string } | undefined;
  readonly policy: RetentionPolicy;
  /** Storages that did not answer: nothing here is of them. */
  readonly silent: readonly SilentStorage[];
}

export interface TargetReport {
  readonly kind: Kind;
  readonly target: string;
  readonly storages: readonly string[];
  readonly verdict: Verdict;
  readonly backups: number;
  readonly bytes: number;
  readonly newest: { readonly id: string; readonly time: Date; readonly bytes: number } | undefined;
  readonly maxAgeHours: number | undefined;
  readonly proof: Proof | undefined;
  readonly restore: RestoreTime | undefined;
  readonly calendar: readonly CalendarMonth[];
  /** Oldest first. */
  readonly trend: readonly TrendPoint[];
  /** Newest first. */
  readonly runs: readonly RunLine[];
  readonly removals: readonly Removal[];
}

/** The newest backup that a drill restored and compared. */
export interface Proof {
  readonly backup: string;
  readonly taken: Date;
  /** When the drill ended. */
  readonly provedAt: Date;
}

export interface RestoreTime {
  readonly seconds: number;
  /** From a drill; else guessed from how long the backup took. */
  readonly measured: boolean;
}

/** A target's backups over all storages, newest first; one that is in several is there once. */
export interface Target extends TargetKey {
  readonly sources: readonly TargetSource[];
  readonly backups: readonly Backup[];
  readonly facts: ReadonlyMap<string, Facts>;
}

/**
 * Puts together what there is to see. Reads no clock.
 *
 * @param silent storages that `sources` has nothing of, because they did not answer
 */
export function buildReport(
  sources: readonly Sources[],
  expectations: Expectations,
  now: Date,
  environment?: string,
  silent: readonly SilentStorage[] = [],
): Report {
  const targets = mergeTargets(
    sources.flatMap((source) => source.targets),
    expectations.expected,
  ).map((target) => reportTarget(target, expectations, now));
  const { storage, monthlyCost } = storageUse(
    sources.flatMap(({ classes }) => classes),
    expectations.prices,
  );
  return {
    madeAt: now,
    environment,
    verdict: judgeAll(targets, silent.map(silentProblem), now),
    targets,
    zone: expectations.zone,
    upcoming: upcomingOf(expectations.schedules, expectations.zone, now),
    storage,
    monthlyCost: silent.length > 0 ? undefined : monthlyCost,
    policy: expectations.policy,
    silent,
  };
}

function reportTarget(target: Target, { policy, ...expectations }: Expectations, now: Date): TargetReport {
  const { kind, backups, facts } = target;
  const maxAgeHours = expectations.maxAgeHours(target);
  const { maxProofHours } = expectations;
  // One from the future shows a clock that was wrong, not a newer state.
  const newest = backups.find(({ id, time }) => time <= now && facts.get(id)?.damage === undefined);
  const proved = backups.find(({ verified }) => verified);
  const removals = planRemovals(target, policy, now);
  const proof = proved && { backup: proved.id, taken: proved.time, provedAt: provedAt(proved, facts.get(proved.id)) };
  const restore = restoreTime(newest, proved, facts);
  return {
    kind,
    target: target.target,
    storages: [...new Set(target.sources.map(({ storage }) => storage))],
    verdict: judge({ target, newest, proof, restore, maxAgeHours, maxProofHours, removals }, now),
    backups: backups.length,
    bytes: backups.reduce((sum, { bytes }) => sum + bytes, 0),
    newest: newest && { id: newest.id, time: newest.time, bytes: newest.bytes },
    maxAgeHours,
    proof,
    restore,
    calendar: calendarOf(target, policy, maxAgeHours, now),
    trend: trendOf(target, now),
    runs: runsOf(target, 10),
    removals,
  };
}

/** By kind and name, databases first, the default target before named ones. */
function mergeTargets(sources: readonly TargetSource[], expected: readonly TargetKey[]): Target[] {
  const groups = new Map<string, { key: TargetKey; sources: TargetSource[] }>();
  const groupOf = ({ kind, target }: TargetKey) => {
    const name = `${target}/${kind}`;
    const group = groups.get(name) ?? { key: { kind, target }, sources: [] };
    groups.set(name, group);
    return group;
  };
  for (const key of expected) groupOf(key);
  for (const source of sources) {
    // A target that was only looked for is nobody's concern where there is nothing of it.
    const { backups, unvouched } = source.catalog;
    if (backups.length === 0 && unvouched.length === 0 && !source.failures?.length) continue;
    groupOf(source).sources.push(source);
  }
  return [...groups.values()]
    .map(({ key, sources: own }) => ({ ...key, sources: own, backups: mergeBackups(own), facts: mergeFacts(own) }))
    .sort((a, b) => a.target.localeCompare(b.target) || a.kind.localeCompare(b.kind));
}

function mergeBackups(sources: readonly TargetSource[]): Backup[] {
  const byId = new Map<string, Backup>();
  for (const { catalog } of sources) {
    for (const backup of catalog.backups) {
      const known = byId.get(backup.id);
      byId.set(
        backup.id,
        known
          ? {
              ...known,
              ...drillStateOfCopies([known, backup]),
              records: [...known.records, ...backup.records],
            }
          : backup,
      );
    }
  }
  return [...byId.values()].sort((a, b) => b.time.getTime() - a.time.getTime());
}

/** Damage in one storage is told even where another has the backup whole, and so is what could not be read. */
function mergeFacts(sources: readonly TargetSource[]): Map<string, Facts> {
  const merged = new Map<string, Facts>();
  for (const { storage, facts } of sources) {
    for (const [id, each] of facts) {
      const damage = each.damage === undefined ? {} : { damage: `${each.damage} (in ${storage})` };
      const drill = drillThatCounts(merged.get(id)?.drill, each.drill);
      merged.set(id, { ...each, ...merged.get(id), ...damage, ...(drill ? { drill } : {}) });
    }
  }
  return merged;
}

/** Of two copies: one that failed, else the newer one. */
function drillThatCounts(one: Verification | undefined, other: Verification | undefined): Verification | undefined {
  if (!one || !other) return one ?? other;
  if (one.passed !== other.passed) return one.passed ? other : one;
  return Date.parse(one.finishedAt) < Date.parse(other.finishedAt) ? other : one;
}

/** Where the drill's record was not read, when it was written. */
function provedAt({ records, time }: Backup, facts: Facts | undefined): Date {
  if (facts?.drill) return new Date(facts.drill.finishedAt);
  return records.reduce((last, { modified }) => (modified > last ? modified : last), time);
}

/** The drill's own time, in proportion to the newest backup's size; or a guess from how long the backup took. */
function restoreTime(
  newest: Backup | undefined,
  proved: Backup | undefined,
  facts: ReadonlyMap<string, Facts>,
): RestoreTime | undefined {
  if (!newest) return undefined;
  const drill = proved && facts.get(proved.id)?.drill;
  if (drill?.passed && drill.bytes > 0) {
    return { seconds: Math.max(1, Math.round((drill.seconds.restore * newest.bytes) / drill.bytes)), measured: true };
  }
  const manifest = facts.get(newest.id)?.manifest;
  return manifest && { seconds: estimateRestoreSeconds(manifest), measured: false };
}
