import { describe, expect, it } from 'vitest';
import { parseCron } from '../../../core/schedules/cron.js';
import { firstSkippedRun, longestGapHours, nextRuns, parseSchedule } from '../../../core/schedules/schedules.js';

function cron(text: string) {
  const parsed = parseCron(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

describe('the next runs of a schedule', () => {
  it.each([
    {
      name: 'daily',
      expression: 'cron(0 3 * * ? *)',
      zone: 'UTC',
      after: '2026-01-15T03:00:00Z',
      runs: ['2026-01-16T03:00', '2026-01-17T03:00'],
    },
    {
      name: 'in a zone',
      expression: 'cron(0 3 * * ? *)',
      zone: 'Europe/Madrid',
      after: '2026-03-27T12:00:00Z',
      runs: ['2026-03-28T02:00', '2026-03-29T01:00'],
    },
    {
      name: 'not at a time that clocks skip',
      expression: 'cron(30 2 * * ? *)',
      zone: 'Europe/Madrid',
      after: '2026-03-28T00:00:00Z',
      runs: ['2026-03-28T01:30', '2026-03-30T00:30'],
    },
    {
      name: 'once at a time that clocks repeat',
      expression: 'cron(30 2 * * ? *)',
      zone: 'Europe/Madrid',
      after: '2026-10-24T12:00:00Z',
      runs: ['2026-10-25T00:30', '2026-10-26T01:30'],
    },
    {
      name: 'on Sundays',
      expression: 'cron(0 4 ? * SUN *)',
      zone: 'UTC',
      after: '2026-01-15T00:00:00Z',
      runs: ['2026-01-18T04:00', '2026-01-25T04:00'],
    },
    {
      name: 'by weekday numbers from Sunday 1',
      expression: 'cron(0 4 ? * 1 *)',
      zone: 'UTC',
      after: '2026-01-15T00:00:00Z',
      runs: ['2026-01-18T04:00'],
    },
    {
      name: 'the month’s last day',
      expression: 'cron(0 0 L * ? *)',
      zone: 'UTC',
      after: '2026-02-01T00:00:00Z',
      runs: ['2026-02-28T00:00', '2026-03-31T00:00'],
    },
    {
      name: 'the month’s last Friday',
      expression: 'cron(0 0 ? * 6L *)',
      zone: 'UTC',
      after: '2026-02-01T00:00:00Z',
      runs: ['2026-02-27T00:00'],
    },
    {
      name: 'the third Friday',
      expression: 'cron(0 0 ? * 6#3 *)',
      zone: 'UTC',
      after: '2026-02-01T00:00:00Z',
      runs: ['2026-02-20T00:00'],
    },
    {
      name: 'the weekday nearest to the 15th, a Sunday',
      expression: 'cron(0 0 15W * ? *)',
      zone: 'UTC',
      after: '2026-02-01T00:00:00Z',
      runs: ['2026-02-16T00:00'],
    },
    {
      name: 'steps and lists',
      expression: 'cron(0/20 8-9,17 ? * MON-FRI *)',
      zone: 'UTC',
      after: '2026-01-16T09:30:00Z',
      runs: ['2026-01-16T09:40', '2026-01-16T17:00'],
    },
    {
      name: 'a leap day',
      expression: 'cron(0 0 29 2 ? *)',
      zone: 'UTC',
      after: '2026-01-01T00:00:00Z',
      runs: ['2028-02-29T00:00'],
    },
    {
      name: 'a year that is over',
      expression: 'cron(0 0 1 1 ? 2020)',
      zone: 'UTC',
      after: '2026-01-01T00:00:00Z',
      runs: [],
    },
  ])('$name', ({ expression, zone, after, runs }) => {
    const found = nextRuns(cron(expression), zone, new Date(after), Math.max(1, runs.length));
    expect(found.map((run) => run.toISOString().slice(0, 16))).toEqual(runs);
  });
});

describe('an expression that is wrong says what is allowed', () => {
  it.each([
    ['0 3 * * *', /must be cron\(minutes hours/],
    ['cron(60 3 * * ? *)', /has "60" as minutes; allowed are 0-59/],
    ['cron(0 3 32 * ? *)', /has "32" as day-of-month; allowed are 1-31/],
    ['cron(0 3 ? * MOON *)', /has "MOON" as day-of-week; allowed are 1-7 or SUN-SAT/],
    ['cron(0 3 ? * * 1900)', /has "1900" as year/],
    ['cron(0 5-3 * * ? *)', /has "5-3" as hours/],
    ['cron(0 3 ? * ? *)', /must have \? in one of/],
    ['rate(0 hours)', /must be like rate/],
    ['rate(2 weeks)', /must be like rate/],
  ])('%s', (expression, says) => {
    expect(parseSchedule(expression)).toMatch(says);
  });
});

describe('the same in a crontab', () => {
  it.each([
    ['cron(0 3 * * ? *)', '0 3 * * *'],
    ['cron(0 4 ? * SUN *)', '0 4 * * 0'],
    ['cron(0 4 ? * 2-6 *)', '0 4 * * 1,2,3,4,5'],
    ['cron(0/15 * * * ? *)', '0-59/15 * * * *'],
    ['cron(0 0 ? * 6L *)', undefined],
    ['cron(0 0 L * ? *)', undefined],
    ['cron(0 0 * * ? 2027)', undefined],
  ])('%s is %s', (expression, crontab) => {
    expect(cron(expression).crontab).toBe(crontab);
  });
});

it.each([
  { expression: 'cron(0 3 * * ? *)', zone: 'UTC', hours: 24 },
  { expression: 'cron(0 3 * * ? *)', zone: 'Europe/Madrid', hours: 25 },
  { expression: 'cron(0 4 ? * SUN *)', zone: 'UTC', hours: 168 },
  { expression: 'cron(0 4 1 * ? *)', zone: 'UTC', hours: 744 },
  { expression: 'rate(6 hours)', zone: 'UTC', hours: 6 },
])('the longest pause of $expression in $zone is $hours h', ({ expression, zone, hours }) => {
  const parsed = parseSchedule(expression);
  if (typeof parsed === 'string') throw new Error(parsed);
  expect(longestGapHours(parsed, zone, new Date('2026-01-01T00:00:00Z'))).toBe(hours);
});

it.each([
  { expression: 'cron(30 2 * * ? *)', zone: 'Europe/Madrid', skipped: '2026-03-29 02:30' },
  { expression: 'cron(0 3 * * ? *)', zone: 'Europe/Madrid', skipped: undefined },
  { expression: 'cron(0 2 * * ? *)', zone: 'America/New_York', skipped: '2026-03-08 02:00' },
  { expression: 'cron(30 0 * * ? *)', zone: 'Africa/Cairo', skipped: '2026-04-24 00:30' },
  { expression: 'cron(15 2 * * ? *)', zone: 'Australia/Lord_Howe', skipped: '2026-10-04 02:15' },
  { expression: 'cron(30 2 * * ? *)', zone: 'Asia/Kolkata', skipped: undefined },
  { expression: 'cron(30 * * * ? *)', zone: 'Europe/Madrid', skipped: undefined },
])('$expression in $zone first misses $skipped', ({ expression, zone, skipped }) => {
  expect(firstSkippedRun(cron(expression), zone, new Date('2026-01-15T00:00:00Z'))).toBe(skipped);
});
