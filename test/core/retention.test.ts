import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backupId } from '../../core/archive-name.js';
import type { Backup } from '../../core/catalog.js';
import {
  parseKeep,
  periods,
  planRetention,
  type RetentionPolicy,
  removesTooMany,
  retentionPolicy,
} from '../../core/retention.js';

const hour = 3_600_000;

function backupAt(time: Date | string, verified = false): Backup {
  const at = new Date(time);
  const id = backupId('database', '', at);
  return {
    id,
    kind: 'database',
    target: '',
    time: at,
    files: [],
    records: [],
    bytes: 1,
    manifestKey: `database/${id}.manifest.json`,
    verified,
    drillFailed: false,
  };
}

const none = { daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const keep = (given: Partial<typeof none>): RetentionPolicy => ({ days: undefined, keep: { ...none, ...given } });
const removed = (decisions: ReturnType<typeof planRetention>) =>
  decisions.filter(({ reasons }) => reasons.length === 0).map(({ backup }) => backup.id);

describe('what stays', () => {
  it.each<{ name: string; taken: string[]; policy: RetentionPolicy; now?: string; stays: string[] }>([
    { name: 'nothing of nothing', taken: [], policy: keep({}), stays: [] },
    {
      name: 'a policy of nothing still keeps the newest',
      taken: ['2026-03-01T02:00', '2026-02-28T02:00'],
      policy: keep({}),
      stays: ['2026-03-01T02:00 latest'],
    },
    {
      name: 'a missed day uses up no slot',
      taken: ['2026-03-05T02:00', '2026-03-01T02:00', '2026-02-01T02:00'],
      policy: keep({ daily: 2 }),
      stays: ['2026-03-05T02:00 latest,daily', '2026-03-01T02:00 daily'],
    },
    {
      name: 'of several a day, the newest of the day',
      taken: ['2026-03-02T23:59', '2026-03-02T00:00', '2026-03-01T23:59', '2026-03-01T00:00'],
      policy: keep({ daily: 2 }),
      stays: ['2026-03-02T23:59 latest,daily', '2026-03-01T23:59 daily'],
    },
    {
      name: 'weeks begin on Monday, across the year’s end too',
      taken: ['2026-01-05T00:00', '2026-01-04T23:59', '2025-12-29T00:00', '2025-12-28T23:59'],
      policy: keep({ weekly: 3 }),
      stays: ['2026-01-05T00:00 latest,weekly', '2026-01-04T23:59 weekly', '2025-12-28T23:59 weekly'],
    },
    {
      name: 'the 29th of February is a day, and of its month',
      taken: ['2024-03-01T00:00', '2024-02-29T23:59', '2024-02-29T00:00', '2024-02-28T12:00', '2023-02-28T12:00'],
      policy: keep({ daily: 3, monthly: 2, yearly: 2 }),
      stays: [
        '2024-03-01T00:00 latest,daily,monthly,yearly',
        '2024-02-29T23:59 daily,monthly',
        '2024-02-28T12:00 daily',
        '2023-02-28T12:00 yearly',
      ],
    },
    {
      name: 'days are of UTC: clocks put forward or back change nothing',
      taken: ['2026-03-29T23:30', '2026-03-29T00:30', '2026-03-28T23:30', '2026-10-25T00:30', '2026-10-24T23:30'],
      policy: keep({ daily: 4 }),
      now: '2026-10-26T00:00',
      stays: [
        '2026-10-25T00:30 latest,daily',
        '2026-10-24T23:30 daily',
        '2026-03-29T23:30 daily',
        '2026-03-28T23:30 daily',
      ],
    },
    {
      name: 'age keeps what is younger, to the millisecond',
      taken: ['2026-03-05T12:00:01', '2026-03-05T12:00:00'],
      policy: { days: 1, keep: undefined },
      now: '2026-03-06T12:00:00',
      stays: ['2026-03-05T12:00:01 latest,young'],
    },
    {
      name: 'age and periods each keep their own',
      taken: ['2026-03-05T02:00', '2026-03-04T02:00', '2026-02-01T02:00', '2026-01-01T02:00'],
      policy: { days: 2, keep: { ...none, monthly: 2 } },
      now: '2026-03-05T12:00',
      stays: ['2026-03-05T02:00 latest,young,monthly', '2026-03-04T02:00 young', '2026-02-01T02:00 monthly'],
    },
    {
      name: 'what is dated in the future stays, and takes nobody’s place',
      taken: ['2030-01-01T00:00', '2026-03-05T02:00', '2026-03-04T02:00'],
      policy: keep({ daily: 1 }),
      now: '2026-03-05T12:00',
      stays: ['2030-01-01T00:00 in the future', '2026-03-05T02:00 latest,daily'],
    },
    {
      name: 'the newest verified stays, however old',
      taken: ['2026-03-05T02:00', '2026-03-04T02:00', '2020-01-01T00:00 verified', '2019-01-01T00:00 verified'],
      policy: keep({}),
      stays: ['2026-03-05T02:00 latest', '2020-01-01T00:00 latest verified'],
    },
  ])('$name', ({ taken, policy, now = '2026-03-06T12:00', stays }) => {
    const backups = taken.map((each) => {
      const [time, verified] = each.split(' ');
      return backupAt(`${time}${time?.length === 16 ? ':00' : ''}Z`, verified !== undefined);
    });
    const decisions = planRetention(backups, policy, new Date(`${now}${now.length === 16 ? ':00' : ''}Z`));
    const kept = decisions.filter(({ reasons }) => reasons.length > 0);
    const time = ({ time: at }: Backup) =>
      at.toISOString().slice(0, at.getUTCSeconds() === 0 && !stays[0]?.includes(':01') ? 16 : 19);
    expect(kept.map(({ backup, reasons }) => `${time(backup)} ${reasons.join(',')}`)).toEqual(stays);
  });
});

const now = new Date('2026-03-15T12:00:00Z');
const moments = fc.integer({ min: -40 * 24, max: 5 * 365 * 24 }).map((hours) => new Date(now.getTime() - hours * hour));
const backups = fc
  .uniqueArray(fc.record({ time: moments, verified: fc.boolean() }), {
    maxLength: 60,
    selector: ({ time }) => time.getTime(),
  })
  .map((taken) => taken.map(({ time, verified }) => backupAt(time, verified)));
const slots = fc.integer({ min: 0, max: 12 });
const keeps = fc.record({ daily: slots, weekly: slots, monthly: slots, yearly: slots });
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  days: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  keep: fc.option(keeps, { nil: undefined }),
});

describe('whatever the backups and the policy', () => {
  it('the newest and the newest verified never go, nor what is in the future', () => {
    fc.assert(
      fc.property(backups, policies, (taken, policy) => {
        const gone = new Set(removed(planRetention(taken, policy, now)));
        const past = taken.filter(({ time }) => time <= now).sort((a, b) => b.time.getTime() - a.time.getTime());
        const newest = [past[0], past.find(({ verified }) => verified), ...taken.filter(({ time }) => time > now)];
        for (const backup of newest) if (backup) expect(gone.has(backup.id)).toBe(false);
      }),
    );
  });

  it('each is decided on once, newest first, whatever the order they came in', () => {
    fc.assert(
      fc.property(backups, policies, fc.integer(), (taken, policy, seed) => {
        const shuffled = taken
          .map((backup, index) => ({ backup, key: Math.sin(seed + index) }))
          .sort((a, b) => a.key - b.key)
          .map(({ backup }) => backup);
        const decisions = planRetention(taken, policy, now);
        expect(planRetention(shuffled, policy, now)).toEqual(decisions);
        expect(decisions.map(({ backup }) => backup.time.getTime())).toEqual(
          taken.map(({ time }) => time.getTime()).sort((a, b) => b - a),
        );
      }),
    );
  });

  it('a policy that keeps more never removes more', () => {
    fc.assert(
      fc.property(
        backups,
        keeps,
        fc.integer({ min: 0, max: 500 }),
        fc.constantFrom(...periods),
        (taken, few, days, period) => {
          const base = { days, keep: few };
          const before = removed(planRetention(taken, base, now));
          for (const more of [
            { ...base, days: days + 1 },
            { ...base, keep: { ...few, [period]: few[period] + 1 } },
          ]) {
            const after = new Set(removed(planRetention(taken, more, now)));
            expect([...after].every((id) => before.includes(id))).toBe(true);
          }
        },
      ),
    );
  });

  it('running again right away removes nothing more', () => {
    fc.assert(
      fc.property(backups, policies, (taken, policy) => {
        const gone = new Set(removed(planRetention(taken, policy, now)));
        const left = taken.filter(({ id }) => !gone.has(id));
        expect(removed(planRetention(left, policy, now))).toEqual([]);
      }),
    );
  });

  it('the brake lets half go, and not one more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 }), (gone, kept) => {
        const decision = (reasons: ['latest'] | []) => ({ backup: backupAt(now), reasons });
        const decisions = [...Array(gone).fill(decision([])), ...Array(kept).fill(decision(['latest']))];
        expect(removesTooMany(decisions)).toBe(gone > kept);
      }),
    );
  });

  it('100,000 backups are decided on at once', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => backupAt(new Date(now.getTime() - index * hour)));
    const started = performance.now();
    const decisions = planRetention(many, { days: 30, keep: { daily: 7, weekly: 4, monthly: 12, yearly: 10 } }, now);
    expect(performance.now() - started).toBeLessThan(20_000); // a second on any machine; this is against a square of it
    expect(decisions).toHaveLength(100_000);
    expect(removed(decisions).length).toBeGreaterThan(99_000);
  });
});

describe('a policy', () => {
  it.each([
    [undefined, undefined, { days: 30, keep: undefined }],
    [7, undefined, { days: 7, keep: undefined }],
    [0, undefined, { days: 0, keep: undefined }],
    [undefined, none, { days: undefined, keep: none }],
    [7, none, { days: 7, keep: none }],
  ])('of %s days and %j', (days, given, policy) => expect(retentionPolicy(days, given)).toEqual(policy));

  it.each([
    ['daily=7,weekly=4,monthly=12', { ...none, daily: 7, weekly: 4, monthly: 12 }],
    [' daily = 7 , yearly = 1 ', { ...none, daily: 7, yearly: 1 }],
    ['daily=0', none],
    ['hourly=3', '"hourly=3" is not one of daily=N, weekly=N, monthly=N, yearly=N'],
    ['daily', '"daily" is not one of daily=N, weekly=N, monthly=N, yearly=N'],
    ['daily=-1', '"daily=-1" is not one of daily=N, weekly=N, monthly=N, yearly=N'],
    ['daily=1.5', '"daily=1.5" is not one of daily=N, weekly=N, monthly=N, yearly=N'],
    ['daily=7=8', '"daily=7=8" is not one of daily=N, weekly=N, monthly=N, yearly=N'],
    ['daily=7,', '"" is not one of daily=N, weekly=N, monthly=N, yearly=N'],
    ['daily=7,daily=8', 'daily is given twice'],
  ])('"%s"', (text, parsed) => expect(parseKeep(text)).toEqual(parsed));
});
