import { type Backup, newestDrilled } from '../catalog.js';
import { judgeFreshness } from '../freshness.js';
import { failedRuns } from './failures.js';
import type { Proof, RestoreTime, Target, TargetReport } from './model.js';
import type { Removal } from './removals.js';
import type { SilentStorage } from './sources.js';
import { capital, count, listed, minuteOf, size, span, targetName } from './text.js';

/** Safe; backed up, but something wants a look; not safe. Worst last. */
const levels = ['safe', 'look', 'danger'] as const;
export type Level = (typeof levels)[number];

export interface Problem {
  readonly level: Exclude<Level, 'safe'>;
  /** Without a full stop; can follow a colon. */
  readonly text: string;
  /** What to do: a full sentence. */
  readonly hint: string;
}

export interface Verdict {
  readonly level: Level;
  /** One sentence that can stand alone. */
  readonly sentence: string;
  /** The worst first. */
  readonly problems: readonly Problem[];
}

/** A drill runs monthly; a proof that is older than a month and a few days shows that it does not. */
export const defaultProofHours = 35 * 24;

/** A run that left no manifest may still be at work for so long. */
const atWork = 6 * 3_600_000;

export interface Judged {
  readonly target: Target;
  readonly newest: Backup | undefined;
  readonly proof: Proof | undefined;
  readonly restore: RestoreTime | undefined;
  readonly maxAgeHours: number | undefined;
  readonly maxProofHours: number;
  readonly removals: readonly Removal[];
}

/** Judges one target. Reads no clock. */
export function judge(judged: Judged, now: Date): Verdict {
  const problems = [...freshness(judged, now), ...trust(judged, now), ...oddities(judged, now)].sort(
    (a, b) => levels.indexOf(b.level) - levels.indexOf(a.level),
  );
  return verdictOf(problems, safeSentence(judged, now));
}

/** Judges everything together; what is wrong names its target. `more` is of no target. */
export function judgeAll(targets: readonly TargetReport[], more: readonly Problem[], now: Date): Verdict {
  const [only] = targets;
  if (!only) {
    const problem: Problem = {
      level: 'danger',
      text: 'there is no backup at all',
      hint: 'Take the first one: npx respaldo backup --full',
    };
    return verdictOf([problem, ...more], '');
  }
  const problems = targets
    .flatMap(({ verdict }) => verdict.problems)
    .concat(more)
    .sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level));
  return verdictOf(problems, targets.length === 1 ? only.verdict.sentence : allSafe(targets, now));
}

/** What cannot be seen is not safe, and may be well. */
export function silentProblem({ storage, reason, hint }: SilentStorage): Problem {
  return {
    level: 'look',
    text: `${storage} did not answer, and nothing here is of it`,
    hint: `${capital(reason)}. ${hint}`,
  };
}

function verdictOf(problems: readonly Problem[], safe: string): Verdict {
  const [worst] = problems;
  if (!worst) return { level: 'safe', sentence: safe, problems };
  const begins = worst.level === 'danger' ? 'Not safe' : 'Backed up, but look at this';
  const more = problems.length > 1 ? `, and ${count(problems.length - 1, 'more thing')}` : '';
  return { level: worst.level, sentence: `${begins}: ${worst.text}${more}.`, problems };
}

function safeSentence({ newest, proof, restore }: Judged, now: Date): string {
  if (!newest) return '';
  const ago = (time: Date) => span(now.getTime() - time.getTime());
  const backup = `the newest backup is ${ago(newest.time)} old`;
  const proved = !proof
    ? ''
    : proof.backup === newest.id
      ? ` and was proved ${ago(proof.provedAt)} ago`
      : ` and the one of ${ago(proof.taken)} ago was proved ${ago(proof.provedAt)} ago`;
  return `Safe: ${backup}${proved}${restore ? `; a restore takes about ${span(restore.seconds * 1000)}` : ''}.`;
}

function allSafe(targets: readonly TargetReport[], now: Date): string {
  const longest = (times: readonly (Date | undefined)[]) =>
    span(Math.max(...times.map((time) => now.getTime() - (time?.getTime() ?? now.getTime()))));
  const seconds = targets.reduce((sum, { restore }) => sum + (restore?.seconds ?? 0), 0);
  const age = longest(targets.map(({ newest }) => newest?.time));
  const proofs = targets.flatMap(({ proof }) => proof?.provedAt ?? []);
  const proved = proofs.length === targets.length ? 'each' : 'every database';
  return `Safe: the newest backup of every target is at most ${age} old${proofs.length > 0 ? ` and ${proved} was proved within the last ${longest(proofs)}` : ''}; restoring everything takes about ${span(seconds * 1000)}.`;
}

function freshness({ target, newest, maxAgeHours }: Judged, now: Date): Problem[] {
  const name = targetName(target);
  const hint = `Take one now: ${command(target, `backup --${target.kind}`)}, and see why the scheduled one did not run.`;
  if (!newest) {
    const text = target.backups.length === 0 ? `there is no ${name} backup` : `no ${name} backup can be trusted`;
    return [{ level: 'danger', text, hint }];
  }
  if (maxAgeHours === undefined) return [];
  const good = [newest, ...target.backups.filter(({ time }) => time < newest.time).slice(0, 1)];
  const { stale, ageHours = 0, halvedFrom } = judgeFreshness(target.kind, target.target, good, maxAgeHours, now);
  const problems: Problem[] = [];
  if (stale) {
    const text = `the newest ${name} backup is ${span(ageHours * 3_600_000)} old (limit ${span(maxAgeHours * 3_600_000)})`;
    problems.push({ level: 'danger', text, hint });
  }
  if (halvedFrom !== undefined) {
    problems.push({
      level: 'look',
      text: `the newest ${name} backup has ${size(newest.bytes)}, the one before had ${size(halvedFrom)}`,
      hint: 'If nothing was deleted on purpose, restore the one before beside and compare: npx respaldo restore ID --into look_at_it',
    });
  }
  return problems;
}

function trust({ target, newest, proof, maxProofHours }: Judged, now: Date): Problem[] {
  const name = targetName(target);
  const { backups, facts } = target;
  const damaged = backups.filter(({ id }) => facts.get(id)?.damage !== undefined);
  const [worst] = damaged;
  const problems: Problem[] = worst
    ? [
        {
          level: 'look',
          text: `${count(damaged.length, `${name} backup is`, `${name} backups are`)} damaged, the newest is ${worst.id}`,
          hint: `${facts.get(worst.id)?.damage}. Look at all: ${command(target, 'verify --all')}`,
        },
      ]
    : [];
  const unread = backups.flatMap(({ id }) => facts.get(id)?.unread ?? []);
  const [cause] = unread;
  if (cause) {
    problems.push({
      level: 'look',
      text: `${count(unread.length, `${name} backup`)} cannot be read just now`,
      hint: `${capital(cause.message)}. ${cause.hint}`,
    });
  }
  const drilled = newestDrilled(backups);
  if (drilled?.drillFailed) {
    const why = facts.get(drilled.id)?.drill?.differences[0] ?? 'The record beside it says why';
    problems.push({
      level: 'danger',
      text: `the last drill of the ${name} failed, with ${drilled.id}`,
      hint: `${why}. Try another backup: npx respaldo drill ID`,
    });
  }
  if (!newest || drilled?.drillFailed) return problems;
  const age = proof && now.getTime() - proof.provedAt.getTime();
  // Of media files a drill is nobody's duty before the first: digests vouch for them, which a restore compares.
  if (age === undefined && target.kind === 'media') return problems;
  const hint = `Prove the newest one: ${command(target, target.kind === 'media' ? 'drill --media' : 'drill')}`;
  if (age === undefined) {
    const text = `no ${name} backup was ever proved by a restore`;
    problems.push({ level: 'look', text, hint });
  } else if (age > maxProofHours * 3_600_000) {
    const text = `the last proof of a ${name} backup is ${span(age)} old`;
    problems.push({ level: 'look', text, hint });
  }
  return problems;
}

function oddities({ target, newest, removals }: Judged, now: Date): Problem[] {
  const name = targetName(target);
  const problems: Problem[] = [];
  const failed = failedRuns(target).filter(({ time, open }) => {
    const age = now.getTime() - time.getTime();
    return (!open || age > atWork) && age < 366 * 86_400_000 && (!newest || time > newest.time);
  });
  const [last] = failed;
  if (last) {
    const text = `${count(failed.length, `${name} run`)} since the newest backup failed, the last at ${minuteOf(last.time)}`;
    problems.push({
      level: 'look',
      text,
      hint: `${capital(last.what)}. Its log says more; cleanup clears what it left.`,
    });
  }
  const ahead = target.backups.filter(({ time }) => time.getTime() > now.getTime() + 3_600_000);
  if (ahead.length > 0) {
    problems.push({
      level: 'look',
      text: `${count(ahead.length, `${name} backup is`, `${name} backups are`)} dated in the future`,
      hint: 'A clock was wrong, here or where they were made. They are kept and take nobody’s place.',
    });
  }
  const refused = removals.filter((removal) => removal.refused).map(({ storage }) => storage);
  if (refused.length > 0) {
    problems.push({
      level: 'look',
      text: `cleanup would remove more than half of the ${name} backups in ${listed(refused)}, and refuses`,
      hint: `Look at it: ${command(target, 'cleanup --dry-run')}. If it is meant, use --force.`,
    });
  }
  return problems;
}

/** What a person types: a storage may hold several targets. */
function command({ target }: Pick<Target, 'target'>, words: string): string {
  return `npx respaldo${target === '' ? '' : ` --target ${target}`} ${words}`;
}
