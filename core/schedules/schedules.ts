import { type Cron, parseCron } from './cron.js';
import { formatLocalTime, instantOf, localTime, skippedTimes } from './time-zone.js';

/** What runs by itself. Each can be given another time or be switched off. */
export const defaultSchedules = {
  database: 'cron(0 3 * * ? *)',
  media: 'cron(0 4 ? * SUN *)',
  cleanup: 'cron(0 5 ? * MON *)',
  check: 'cron(15 * * * ? *)',
  drill: 'cron(0 6 1 * ? *)',
} as const;
export type ScheduleName = keyof typeof defaultSchedules;

/** `rate(1 hour)` and the like: counted from when the schedule was made, so that no clock time is known. */
export interface Rate {
  readonly everyMinutes: number;
}

/** Reads a schedule's expression, or answers with a sentence that says what is wrong with it. */
export function parseSchedule(text: string): Cron | Rate | string {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(text);
  if (!rate) return text.startsWith('rate(') ? 'must be like rate(1 hour) or rate(2 days)' : parseCron(text);
  const count = Number(rate[1]);
  if (count < 1 || (count === 1) !== (rate[3] === '')) return 'must be like rate(1 hour) or rate(2 days)';
  return { everyMinutes: count * { minute: 1, hour: 60, day: 1440 }[rate[2] as 'minute' | 'hour' | 'day'] };
}

/** A schedule by its name and its expression. */
export interface NamedSchedule {
  readonly name: string;
  /** `cron(0 3 * * ? *)` */
  readonly expression: string;
}

/** Reads `database: cron(0 3 * * ? *); media: rate(7 days)`, or answers with a sentence that says what is wrong with it. */
export function parseScheduleList(text: string): NamedSchedule[] | string {
  const schedules: NamedSchedule[] = [];
  for (const part of text
    .split(';')
    .map((piece) => piece.trim())
    .filter(Boolean)) {
    const [, name, expression] = /^([^:]+?)\s*:\s*(.+)$/s.exec(part) ?? [];
    if (!name || !expression) return `"${part}" is not like database: cron(0 3 * * ? *)`;
    const parsed = parseSchedule(expression);
    if (typeof parsed === 'string') return `${name}: ${parsed}`;
    schedules.push({ name, expression });
  }
  return schedules;
}

/** How far ahead a next run is looked for: an expression may name February 29th. */
const horizonDays = 366 * 9;

/**
 * The next times at which a schedule fires, after an instant. Times that daylight saving skips are left out, those that
 * it repeats come once: as EventBridge Scheduler does.
 */
export function nextRuns(cron: Cron, zone: string, after: Date, count: number): Date[] {
  const runs: Date[] = [];
  const today = localTime(after, zone);
  for (let ahead = 0; ahead < horizonDays && runs.length < count; ahead += 1) {
    const date = new Date(Date.UTC(today.year, today.month - 1, today.day + ahead));
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
    if (!cron.isOn(year, month, day)) continue;
    for (const hour of cron.hours) {
      for (const minute of cron.minutes) {
        const instant = instantOf({ year, month, day, hour, minute }, zone);
        if (instant && instant > after) runs.push(instant);
      }
    }
  }
  return runs.sort((a, b) => a.getTime() - b.getTime()).slice(0, count);
}

/** The longest time between two runs in the coming year or so, in hours; what a backup's age may grow to. */
export function longestGapHours(schedule: Cron | Rate, zone: string, now: Date): number {
  if ('everyMinutes' in schedule) return schedule.everyMinutes / 60;
  const runs = nextRuns(schedule, zone, now, 400);
  let longest = 0;
  for (const [index, run] of runs.entries()) {
    const before = runs[index - 1];
    if (before) longest = Math.max(longest, run.getTime() - before.getTime());
  }
  return longest / 3_600_000;
}

/** The same of an expression; undefined where it is switched off or wrong. */
export function pauseHours(expression: string | false, zone: string, now: Date): number | undefined {
  const parsed = expression === false ? undefined : parseSchedule(expression);
  return typeof parsed === 'object' ? longestGapHours(parsed, zone, now) : undefined;
}

/** The first run, as local time, that will not happen because clocks are put forward over it; undefined where all happen. */
export function firstSkippedRun(cron: Cron, zone: string, from: Date): string | undefined {
  if (cron.everyHour) return undefined;
  for (const { first, minutes } of skippedTimes(zone, from, 10)) {
    for (let ahead = 0; ahead < minutes; ahead += 1) {
      const time = new Date(first.getTime() + ahead * 60_000);
      const isOn = cron.isOn(time.getUTCFullYear(), time.getUTCMonth() + 1, time.getUTCDate());
      if (isOn && cron.hours.includes(time.getUTCHours()) && cron.minutes.includes(time.getUTCMinutes())) {
        return time.toISOString().slice(0, 16).replace('T', ' ');
      }
    }
  }
  return undefined;
}

/** `2026-03-30 03:00 Europe/Madrid`. */
export function describeRun(run: Date, zone: string): string {
  return `${formatLocalTime(run, zone)} ${zone}`;
}
