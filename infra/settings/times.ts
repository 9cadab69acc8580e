import {
  firstSkippedRun,
  longestGapHours,
  nextRuns,
  parseSchedule,
  pauseHours,
} from '../../core/schedules/schedules.js';
import { formatLocalTime } from '../../core/schedules/time-zone.js';
import type { Problem } from './problem.js';
import type { EnvironmentSettings } from './schema.js';

/** Schedules that would not do what they look like. */
export function wrongTimes(settings: EnvironmentSettings, now: Date): Problem[] {
  return [
    ...skippedRuns(settings, now),
    ...rareRuns(settings, now),
    ...rareChecks(settings, now),
    ...impatient(settings, now),
  ];
}

interface Placed {
  readonly path: readonly PropertyKey[];
  readonly expression: string | false | undefined;
}

function schedulesOf({ schedules, databases, media }: EnvironmentSettings): Placed[] {
  return [
    ...Object.entries(schedules).map(([name, expression]) => ({ path: ['schedules', name], expression })),
    ...databases.map(({ schedule }, index) => ({ path: ['databases', index, 'schedule'], expression: schedule })),
    ...media.map(({ schedule }, index) => ({ path: ['media', index, 'schedule'], expression: schedule })),
  ];
}

function skippedRuns(settings: EnvironmentSettings, now: Date): Problem[] {
  const { zone } = settings;
  return schedulesOf(settings).flatMap(({ path, expression }) => {
    const parsed = expression ? parseSchedule(expression) : false;
    if (typeof parsed !== 'object' || 'everyMinutes' in parsed) return [];
    const skipped = firstSkippedRun(parsed, zone, now);
    if (!skipped) return [];
    return [
      {
        path,
        value: expression,
        allowed: `would not run on ${skipped}: clocks in ${zone} skip that time; choose another hour`,
      },
    ];
  });
}

/** What an age may be at most, too. */
const longestHours = 87_600;

/** Nothing can be told of the age of backups that come once or never. */
function rareRuns(settings: EnvironmentSettings, now: Date): Problem[] {
  const { zone } = settings;
  return schedulesOf(settings).flatMap(({ path, expression }) => {
    const parsed = expression ? parseSchedule(expression) : undefined;
    if (typeof parsed !== 'object' || path[1] === 'check') return [];
    const [first, second] = 'everyMinutes' in parsed ? [now, now] : nextRuns(parsed, zone, now, 2);
    if (!first || !second)
      return [
        {
          path,
          value: expression,
          allowed: `must come again and again: ${first ? `after ${formatLocalTime(first, zone)}` : 'in the nine years to come'} there is no run`,
        },
      ];
    if (longestGapHours(parsed, zone, now) <= longestHours) return [];
    return [{ path, value: expression, allowed: 'must come once in ten years at least' }];
  });
}

/** As far as an alarm can look back: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const longestPauseHours = 7 * 24;

/** Between two checks an alarm goes by the one before. */
function rareChecks({ schedules: { check }, zone }: EnvironmentSettings, now: Date): Problem[] {
  const hours = pauseHours(check, zone, now);
  if (hours === undefined || (hours > 0 && hours <= longestPauseHours)) return [];
  return [
    {
      path: ['schedules', 'check'],
      value: check,
      allowed: 'must come once in seven days at least: alarms look back no further. Hourly costs next to nothing',
    },
  ];
}

/** An age at which the next backup is not due yet would ring between any two. */
function impatient({ databases, media, schedules, zone }: EnvironmentSettings, now: Date): Problem[] {
  return Object.entries({ database: databases, media }).flatMap(([kind, targets]) =>
    targets.flatMap(({ maxAgeHours, schedule = schedules[kind as 'database' | 'media'] }, index) => {
      const hours = pauseHours(schedule, zone, now);
      if (maxAgeHours === undefined || hours === undefined || maxAgeHours >= hours) return [];
      return [
        {
          path: [kind === 'media' ? 'media' : 'databases', index, 'maxAgeHours'],
          value: maxAgeHours,
          allowed: `must be more than the ${Math.ceil(hours)} hours between two backups, or the alarm rings between them`,
        },
      ];
    }),
  );
}
