import { describe, expect, it } from 'vitest';
import {
  formatLocalTime,
  instantOf,
  isTimeZone,
  meantTimeZone,
  similarTimeZone,
} from '../../../core/schedules/time-zone.js';

describe('names of zones', () => {
  it.each([
    'UTC',
    'Europe/Madrid',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+3',
    'US/Eastern',
    'Australia/ACT',
    'Asia/Calcutta',
  ])('%s is one', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });
  it.each([
    '',
    'CET+1',
    'Europe',
    'europe/madrid',
    'Europe/Madird',
    '+02:00',
    'EUROPE/MADRID',
    'Europe/MADRID',
    'US/EASTERN',
    'utc',
  ])('"%s" is none', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
  it.each([
    ['Europe/Madird', 'Europe/Madrid'],
    ['America/NewYork', 'America/New_York'],
  ])('%s is most like %s', (wrong, right) => {
    expect(similarTimeZone(wrong)).toBe(right);
  });
  it.each([
    ['utc', 'UTC'],
    ['EUROPE/MADRID', 'Europe/Madrid'],
    ['Japan', 'Asia/Tokyo'],
    ['+02:00', undefined],
    ['Mars', undefined],
  ])('%s means %s', (wrong, right) => {
    expect(meantTimeZone(wrong)).toBe(right);
  });
});

it.each([
  { local: [2026, 1, 15, 3, 0], zone: 'Europe/Madrid', instant: '2026-01-15T02:00:00.000Z' },
  { local: [2026, 7, 15, 3, 0], zone: 'Europe/Madrid', instant: '2026-07-15T01:00:00.000Z' },
  { local: [2026, 3, 29, 2, 30], zone: 'Europe/Madrid', instant: undefined },
  { local: [2026, 10, 25, 2, 30], zone: 'Europe/Madrid', instant: '2026-10-25T00:30:00.000Z' },
  { local: [2026, 1, 15, 3, 0], zone: 'Asia/Kolkata', instant: '2026-01-14T21:30:00.000Z' },
])('$local in $zone is $instant', ({ local, zone, instant }) => {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = local;
  const found = instantOf({ year, month, day, hour, minute }, zone);
  expect(found?.toISOString()).toBe(instant);
  if (found)
    expect(formatLocalTime(found, zone)).toMatch(
      new RegExp(`${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}$`),
    );
});
