import { describe, it } from 'vitest';
import { expectOneLine } from '../../support/aws/settings.js';
import { least } from '../../support/aws/stack.js';

const [database] = least.databases;

describe('schedules', () => {
  it.each([
    {
      name: 'a cron of five fields',
      settings: { ...least, schedules: { database: 'cron(0 3 * * *)' } },
      says: 'environments.prod.schedules.database="cron(0 3 * * *)": must be cron(minutes hours day-of-month month day-of-week year), like cron(0 3 * * ? *)',
    },
    {
      name: 'an hour that there is not',
      settings: { ...least, schedules: { database: 'cron(0 25 * * ? *)' } },
      says: 'environments.prod.schedules.database="cron(0 25 * * ? *)": has "25" as hours; allowed are 0-23, with * , - and /',
    },
    {
      name: 'both days open',
      settings: { ...least, schedules: { cleanup: 'cron(0 3 * * * *)' } },
      says: 'environments.prod.schedules.cleanup="cron(0 3 * * * *)": must have ? in one of day-of-month and day-of-week, and not in both, like cron(0 3 * * ? *)',
    },
    {
      name: 'a rate in the plural',
      settings: { ...least, schedules: { check: 'rate(1 hours)' } },
      says: 'environments.prod.schedules.check="rate(1 hours)": must be like rate(1 hour) or rate(2 days)',
    },
    {
      name: 'true as a schedule',
      settings: { ...least, schedules: { check: true } },
      says: 'environments.prod.schedules.check=true: must be like cron(0 3 * * ? *) or rate(1 hour), or false to switch it off',
    },
    {
      name: 'a zone that there is not',
      settings: { ...least, zone: 'Europe/Madird' },
      says: 'environments.prod.zone="Europe/Madird": is no time zone of the IANA database; Europe/Madrid is one',
    },
    {
      name: 'an hour that daylight saving skips',
      settings: { ...least, zone: 'Europe/Madrid', schedules: { database: 'cron(30 2 * * ? *)' } },
      says: 'environments.prod.schedules.database="cron(30 2 * * ? *)": would not run on 2026-03-29 02:30: clocks in Europe/Madrid skip that time; choose another hour',
    },
    {
      name: 'a target’s own schedule that is skipped',
      settings: { zone: 'America/New_York', databases: [{ ...database, schedule: 'cron(15 2 ? * SUN *)' }] },
      says: /^environments\.prod\.databases\[0\]\.schedule="cron\(15 2 \? \* SUN \*\)": would not run on 2026-03-08 02:15/,
    },
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});

describe('times that contradict each other', () => {
  it.each([
    ...['cron( 0 3 * * ? *)', 'cron(0  3 * * ? *)', 'cron(0\t3 * * ? *)', 'cron(0 3 * * ? * )'].map((expression) => ({
      name: `the blanks of ${JSON.stringify(expression)}`,
      settings: { ...least, schedules: { database: expression } },
      says: /schedules\.database=".*": must have one blank between its fields, and no other$/,
    })),
    {
      name: 'a step longer than the hour',
      settings: { ...least, schedules: { check: 'cron(5/70 * * * ? *)' } },
      says: /schedules\.check=".*": has "5\/70" as minutes; allowed are 0-59/,
    },
    ...['cron(0 3 30 2 ? *)', 'cron(0 3 * * ? 2020)'].map((expression) => ({
      name: `${expression}, which never comes`,
      settings: { ...least, schedules: { database: expression } },
      says: `environments.prod.schedules.database="${expression}": must come again and again: in the nine years to come there is no run`,
    })),
    {
      name: 'a schedule that comes once',
      settings: { databases: [{ ...database, schedule: 'cron(0 3 1 3 ? 2030)' }] },
      says: 'environments.prod.databases[0].schedule="cron(0 3 1 3 ? 2030)": must come again and again: after 2030-03-01 03:00 there is no run',
    },
    {
      name: 'a rate of millennia',
      settings: { ...least, schedules: { drill: 'rate(999999 days)' } },
      says: 'environments.prod.schedules.drill="rate(999999 days)": must come once in ten years at least',
    },
    {
      name: 'an age below the pause between two backups',
      settings: { databases: [{ ...database, maxAgeHours: 12 }] },
      says: 'environments.prod.databases[0].maxAgeHours=12: must be more than the 24 hours between two backups, or the alarm rings between them',
    },
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});
