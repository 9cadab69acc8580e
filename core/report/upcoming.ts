import { type NamedSchedule, nextRuns, parseSchedule } from '../schedules/schedules.js';

export interface Upcoming extends NamedSchedule {
  /** Undefined where the expression is a rate, counted from a time that is not known here. */
  readonly next: Date | undefined;
}

/** The next run of each schedule, soonest first. */
export function upcomingOf(schedules: readonly NamedSchedule[], zone: string, now: Date): Upcoming[] {
  return schedules
    .map(({ name, expression }) => {
      const parsed = parseSchedule(expression);
      const known = typeof parsed !== 'string' && !('everyMinutes' in parsed);
      return { name, expression, next: known ? nextRuns(parsed, zone, now, 1)[0] : undefined };
    })
    .sort((a, b) => (a.next?.getTime() ?? Number.MAX_VALUE) - (b.next?.getTime() ?? Number.MAX_VALUE));
}
