import { describe, expect, it } from 'vitest';
import type { DayState } from '../../../core/report/calendar.js';
import { buildReport, type Report } from '../../../core/report/model.js';
import { gather } from '../../../core/report/sources.js';
import { healthyYear, type MadeRun, MadeStorage, manyRuns, now, troubledMonths } from '../../support/histories.js';
import { expectations, reportOf } from '../../support/reports.js';

const hour = 3_600_000;
const ago = (hours: number) => new Date(now.getTime() - hours * hour);
const proved = (hours: number, drillHours = hours - 1, seconds = 660): MadeRun => ({
  time: ago(hours),
  seconds: 220,
  drill: { time: ago(drillHours), seconds },
});

describe('the verdict', () => {
  const rows: { title: string; runs: MadeRun[]; sentence: string; level?: string }[] = [
    {
      title: 'a proved and fresh backup is safe',
      runs: [proved(7, 6)],
      sentence: 'Safe: the newest backup is 7 h old and was proved 6 h ago; a restore takes about 11 min.',
    },
    {
      title: 'the proof may be of an older one, and its restore tells how long this one takes, by size',
      runs: [{ time: ago(7), bytes: 2000 }, proved(31, 30)],
      sentence:
        'Safe: the newest backup is 7 h old and the one of 31 h ago was proved 30 h ago; a restore takes about 22 min.',
    },
    {
      title: 'several targets are safe together, by the oldest of each',
      runs: [proved(7, 6), { ...proved(40, 30), kind: 'media' }],
      sentence:
        'Safe: the newest backup of every target is at most 40 h old and each was proved within the last 30 h; restoring everything takes about 22 min.',
    },
    {
      title: 'media need no drill',
      runs: [proved(7, 6), { time: ago(40), kind: 'media', seconds: 60 }],
      sentence:
        'Safe: the newest backup of every target is at most 40 h old and every database was proved within the last 6 h; restoring everything takes about 13 min.',
    },
    { title: 'nothing is not safe', runs: [], sentence: 'Not safe: there is no database backup.' },
    {
      title: 'fresh but never proved wants a look',
      runs: [{ time: ago(7) }],
      sentence: 'Backed up, but look at this: no database backup was ever proved by a restore.',
    },
    {
      title: 'an old proof wants a look',
      runs: [{ time: ago(7) }, proved(24 * 40, 24 * 40)],
      sentence: 'Backed up, but look at this: the last proof of a database backup is 40 d old.',
    },
    {
      title: 'too old is not safe, however well proved',
      runs: [proved(26, 20)],
      sentence: 'Not safe: the newest database backup is 26 h old (limit 25 h).',
    },
    {
      title: 'a failed drill is not safe, even where an older one passed',
      runs: [{ time: ago(7), drill: { time: ago(6), seconds: 5, difference: 'table a: 1 row' } }, proved(31)],
      sentence: 'Not safe: the last drill of the database failed, with db_backup_20260315_032000.',
    },
    {
      title: 'a damaged newest backup does not count as one',
      runs: [{ time: ago(7), cut: true }, proved(31)],
      sentence: 'Not safe: the newest database backup is 31 h old (limit 25 h), and 1 more thing.',
    },
    {
      title: 'a single damaged backup is none',
      runs: [{ time: ago(7), cut: true }],
      sentence: 'Not safe: no database backup can be trusted, and 1 more thing.',
    },
    {
      title: 'half the size wants a look',
      runs: [
        { ...proved(7), bytes: 1000 },
        { time: ago(31), bytes: 5000 },
      ],
      sentence: 'Backed up, but look at this: the newest database backup has 0.98 kB, the one before had 4.88 kB.',
    },
    {
      title: 'a run that left no manifest, after some hours',
      runs: [{ time: ago(7), interrupted: true }, proved(20)],
      sentence:
        'Backed up, but look at this: 1 database run since the newest backup failed, the last at 2026-03-15 03:20.',
    },
    {
      title: 'a run that may still be at work is no problem',
      runs: [{ time: ago(2), interrupted: true }, proved(20)],
      sentence: 'Safe: the newest backup is 20 h old and was proved 19 h ago; a restore takes about 11 min.',
    },
    {
      title: 'a backup from the future is not the newest',
      runs: [{ time: ago(-500) }, proved(7, 6)],
      sentence: 'Backed up, but look at this: 1 database backup is dated in the future.',
    },
    {
      title: 'the worst comes first',
      runs: [{ time: ago(7) }, { time: ago(400), kind: 'media' }],
      sentence: 'Not safe: the newest media backup is 17 d old (limit 8 d), and 1 more thing.',
    },
  ];
  it.each(rows)('$title', async ({ runs, sentence }) => {
    expect((await reportOf(runs)).verdict.sentence).toBe(sentence);
  });

  it.each<{ title: string; runs: MadeRun[]; hint: string }>([
    {
      title: 'a database that was never proved',
      runs: [{ time: ago(7), target: 'crm' }],
      hint: 'Prove the newest one: npx respaldo --target crm drill',
    },
    {
      title: 'media files whose proof is old',
      runs: [
        { time: ago(7), kind: 'media' },
        { ...proved(24 * 40, 24 * 40), kind: 'media' },
      ],
      hint: 'Prove the newest one: npx respaldo drill --media',
    },
    {
      title: 'a damaged backup',
      runs: [
        { ...proved(7, 6), target: 'crm' },
        { time: ago(31), target: 'crm', cut: true },
      ],
      hint: 'npx respaldo --target crm verify --all',
    },
  ])('the next command is one for $title', async ({ runs, hint }) => {
    const [first] = (await reportOf(runs, { expected: [] })).verdict.problems;
    expect(first?.hint).toMatch(new RegExp(`${hint}$`));
  });

  it('counts a target as missing only where it is expected', async () => {
    const runs = [{ ...proved(7, 6), target: 'crm' }];
    expect((await reportOf(runs)).verdict.level).toBe('danger');
    expect((await reportOf(runs, { expected: [] })).verdict.level).toBe('safe');
  });
});

const letters: Record<DayState, string> = { proved: 'P', 'backed up': 'b', failed: 'x', missed: '-', nothing: '.' };

/** The calendar of a target, a line a month; `~` follows what the next cleanup takes. */
function drawn({ targets }: Report, index = 0): string[] {
  return (targets[index]?.calendar ?? []).map(
    ({ month, days }) => `${month} ${days.map(({ state, going }) => letters[state] + (going ? '~' : '')).join('')}`,
  );
}

describe('the calendar', () => {
  it('shows what was backed up, proved, missed and failed, and what goes next', async () => {
    expect(drawn(await reportOf(troubledMonths())).slice(-4)).toEqual([
      '2025-12 .............................b~b',
      '2026-01 b~b~b~bb~b~b~b~b~b~bb~b~b~b~b~b~bb~b~b~b~b~b~bb~b~b~b~b~b',
      '2026-02 bb~Pb~bbbbbbbbbbbbbbb-bbbbxxbb',
      '2026-03 xbb---bbxxbbb-x',
    ]);
  });

  it('does not call missed what retention has thinned out', async () => {
    const calendar = drawn(await reportOf(healthyYear()));
    expect(calendar.map((line) => line.slice(8)).join('')).not.toMatch(/[-x]/);
    expect(calendar.at(-1)).toBe('2026-03 PbbbbbbPbbbbbbP');
    expect(calendar).toHaveLength(12);
  });

  it('tells which rules keep a day', async () => {
    const { targets } = await reportOf(healthyYear());
    const days = targets[0]?.calendar.flatMap((month) => month.days) ?? [];
    const keptBy = (date: string) => days.find((each) => each.date === date)?.keptBy;
    expect(keptBy('2026-03-15')).toEqual([
      'latest',
      'latest verified',
      'young',
      'daily',
      'weekly',
      'monthly',
      'yearly',
    ]);
    expect(keptBy('2026-01-25')).toEqual(['weekly']);
    expect(keptBy('2025-09-30')).toEqual(['monthly']);
    expect(keptBy('2025-12-31')).toEqual(['monthly', 'yearly']);
  });
});

describe('what comes next', () => {
  it('says why a backup goes, and agrees with cleanup', async () => {
    const { targets } = await reportOf(healthyYear());
    const [removal] = targets[0]?.removals ?? [];
    expect(removal).toMatchObject({ count: 4, leftovers: 0, refused: false });
    expect(removal?.backups.map(({ id, why }) => `${id}: ${why}`)).toEqual([
      'db_backup_20260210_030000: 33 d old (limit 30 d); its week is kept by 2026-02-15',
      'db_backup_20260211_030000: 32 d old (limit 30 d); its week is kept by 2026-02-15',
      'db_backup_20260212_030000: 31 d old (limit 30 d); its week is kept by 2026-02-15',
      'db_backup_20260213_030000: 30 d old (limit 30 d); its week is kept by 2026-02-15',
    ]);
  });

  it('knows when each schedule fires next, in its zone', async () => {
    const { upcoming } = await reportOf([]);
    expect(upcoming.map(({ name, next }) => `${name} ${next?.toISOString()}`)).toEqual([
      'database 2026-03-16T02:00:00.000Z',
      'cleanup 2026-03-16T04:00:00.000Z',
      'media 2026-03-22T03:00:00.000Z',
      'drill 2026-04-01T04:00:00.000Z',
    ]);
  });

  it('adds storage and cost up by class, and gives no sum where a price is missing', async () => {
    const { storage, monthlyCost } = await reportOf(healthyYear());
    expect(storage.map((use) => [use.storageClass, use.objects, use.monthlyCost?.toFixed(2)])).toEqual([
      ['STANDARD_IA', 70, '6.93'],
      ['STANDARD', 267, '3.84'],
    ]);
    expect(monthlyCost?.amount.toFixed(2)).toBe('10.76');
    const some = await reportOf(healthyYear(), { prices: { currency: 'EUR', byClass: { STANDARD: 1 } } });
    expect(some.monthlyCost).toBeUndefined();
  });
});

describe('what a report is made from', () => {
  it('is one listing and a bounded number of records, whatever the number of backups', {
    timeout: 180_000,
  }, async () => {
    const storage = new MadeStorage(manyRuns(100_000));
    const { targets } = await gather(storage, undefined);
    expect(targets[0]?.catalog.backups).toHaveLength(100_000);
    expect(storage.reads).toBeLessThanOrEqual(30 + 90 + 30);
    const report = buildReport([{ targets, classes: [] }], expectations, now);
    expect(report.verdict.sentence).toMatch(
      /^Backed up, but look at this: cleanup would remove more than half of the database backups/,
    );
    expect(report.targets[0]).toMatchObject({
      backups: 100_000,
      runs: { length: 10 },
      proof: { backup: expect.any(String) },
    });
    expect(report.targets[0]?.trend.length).toBeLessThanOrEqual(367);
  });

  it('looks only at the targets that were asked for', async () => {
    const storage = new MadeStorage([{ time: ago(1) }, { time: ago(1), target: 'crm' }]);
    const { targets } = await gather(storage, [{ kind: 'database', target: 'crm' }]);
    expect(targets.map(({ target, catalog }) => [target, catalog.backups.length])).toEqual([['crm', 1]]);
  });

  it('takes a backup in two storages for one, kept where either keeps it, and tells of damage in one', async () => {
    const runs = [proved(7, 6), { time: ago(30) }];
    const sources = [
      await gather(new MadeStorage(runs, '/backups'), undefined),
      await gather(new MadeStorage([proved(7, 6), { time: ago(30), cut: true }], 's3://vault/'), undefined),
    ];
    const report = buildReport(sources, expectations, now);
    expect(report.targets).toHaveLength(1);
    expect(report.targets[0]).toMatchObject({ backups: 2, storages: ['/backups', 's3://vault/'] });
    expect(report.verdict.sentence).toBe(
      'Backed up, but look at this: 1 database backup is damaged, the newest is db_backup_20260314_042000.',
    );
    expect(report.verdict.problems[0]?.hint).toContain('(in s3://vault/)');
  });
});
