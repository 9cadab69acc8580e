import { describe, expect, it } from 'vitest';
import { drillStateOf, drillStateOfCopies, newestRecord, newRecordSuffix } from '../../../core/drill/drill-records.js';
import type { StoredObject } from '../../../core/storage.js';

const base = 'crm/database/db_backup_20260101_000000';
/** `verified.json 3`: a record's name, and the hour in which the storage says that it was written. */
const records = (...written: readonly string[]): StoredObject[] =>
  written.map((each) => {
    const [name, hour] = each.split(' ');
    return { key: `${base}.${name}`, bytes: 1, modified: new Date(Date.UTC(2026, 0, 1, Number(hour))) };
  });

const proven = { verified: true, drillFailed: false };
const refuted = { verified: false, drillFailed: true };

describe('the drill that counts', () => {
  it.each([
    { name: 'none', of: [], is: { verified: false, drillFailed: false } },
    { name: 'one that passed', of: ['verified.json 1'], is: proven },
    { name: 'one that failed', of: ['drill_failed_20260101_010000.json 1'], is: refuted },
    { name: 'failed after it passed', of: ['verified.json 1', 'drill_failed_20260101_020000.json 2'], is: refuted },
    {
      name: 'passed after it failed, by earlier versions',
      of: ['drill_failed_20260101_010000.json 1', 'verified.json 2'],
      is: proven,
    },
    {
      name: 'passed, failed and passed',
      of: ['verified.json 1', 'drill_failed_20260101_020000.json 2', 'verified_20260101_030000.json 3'],
      is: proven,
    },
    {
      name: 'passed, failed, passed and failed',
      of: [
        ...['verified.json 1', 'drill_failed_20260101_020000.json 2'],
        ...['verified_20260101_030000.json 3', 'drill_failed_20260101_040000.json 4'],
      ],
      is: refuted,
    },
    {
      name: 'copied by a program that keeps no times',
      of: ['drill_failed_20260101_040000.json 9', 'verified_20260101_030000.json 9', 'verified.json 9'],
      is: refuted,
    },
    {
      name: 'both in one second',
      of: ['verified_20260101_030000.json 3', 'drill_failed_20260101_030000.json 3'],
      is: refuted,
    },
    { name: 'both written at once', of: ['drill_failed_20260101_030000.json 3', 'verified.json 3'], is: refuted },
  ])('$name', ({ of, is }) => {
    expect(drillStateOf(records(...of))).toEqual(is);
    expect(drillStateOf(records(...of).reverse())).toEqual(is);
  });

  it('is another in each storage, and one that failed counts for all', () => {
    expect(drillStateOfCopies([proven, refuted])).toEqual(refuted);
    expect(drillStateOfCopies([{ verified: false, drillFailed: false }, proven])).toEqual(proven);
  });
});

describe('a new record', () => {
  const now = new Date('2026-01-02T06:00:00.700Z');

  it.each([
    { name: 'of a first drill that passed', passed: true, of: [], is: '.verified.json' },
    { name: 'of a first drill that failed', passed: false, of: [], is: '.drill_failed_20260102_060000.json' },
    { name: 'of a later one', passed: true, of: ['verified.json 1'], is: '.verified_20260102_060000.json' },
    {
      name: 'where the clock has jumped back',
      passed: true,
      of: ['drill_failed_20260301_000000.json 1'],
      is: '.verified_20260301_000001.json',
    },
  ])('$name is named $is, and counts', ({ passed, of, is }) => {
    const before = records(...of);
    expect(newRecordSuffix(passed, now, before)).toBe(is);
    const made = { key: `${base}${is}`, bytes: 1, modified: new Date('2026-01-02T07:00:00Z') };
    expect(newestRecord([...before, made])).toBe(made);
  });
});
