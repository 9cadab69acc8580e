import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../core/log.js';
import { describeRun, type NamedSchedule, nextRuns, parseSchedule } from '../core/schedules/schedules.js';

export interface KeepOptions {
  readonly schedules: readonly NamedSchedule[];
  readonly zone: string;
  /** Does what a schedule is for; answers with the exit code. */
  readonly start: (name: string) => Promise<number>;
  readonly log: Log;
  readonly now: () => Date;
  /** Ends everything; what runs is waited for. */
  readonly signal: AbortSignal;
  /** Waits so many milliseconds. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** Sleeping longer would not notice a clock that is put right. */
const longestSleep = 15 * 60_000;

/**
 * Starts each schedule's work when it is due, until the signal. A time that passes while the work of the time before
 * still runs is left out; one that fails does not keep the next from running.
 */
export async function keepSchedules(options: KeepOptions): Promise<void> {
  await Promise.all(options.schedules.map((schedule) => keep(schedule, options)));
}

async function keep({ name, expression }: NamedSchedule, options: KeepOptions): Promise<void> {
  const { zone, start, log, now, signal } = options;
  while (!signal.aborted) {
    const due = nextTime(expression, zone, now());
    if (!due) return log.warn(`${name}: ${expression} never comes again`);
    log.info(`${name} is due ${describeRun(due, zone)}`);
    if (!(await sleepUntil(due, options))) return;
    const exitCode = await start(name);
    if (exitCode === 0) log.info(`${name} is done`);
    else log.warn(`${name} ended with exit code ${exitCode}`, { exitCode });
  }
}

function nextTime(expression: string, zone: string, after: Date): Date | undefined {
  const parsed = parseSchedule(expression);
  if (typeof parsed === 'string') return undefined;
  if ('everyMinutes' in parsed) return new Date(after.getTime() + parsed.everyMinutes * 60_000);
  return nextRuns(parsed, zone, after, 1)[0];
}

/** @returns false where the signal came first */
async function sleepUntil(due: Date, { now, signal, sleep = sleepFor }: KeepOptions): Promise<boolean> {
  for (let left = 1; left > 0 && !signal.aborted; ) {
    left = due.getTime() - now().getTime();
    if (left > 0) await sleep(Math.min(left, longestSleep), signal);
  }
  return !signal.aborted;
}

async function sleepFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch {
    // the signal came: whoever sleeps looks at it
  }
}
