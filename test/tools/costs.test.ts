import { describe, expect, it } from 'vitest';
import { retentionPolicy } from '../../core/retention.js';
import {
  databaseMonth,
  exportMonth,
  fixedMonth,
  mediaMonth,
  snapshotMonth,
  storageMonth,
  vaults,
  watched,
} from '../../tools/docs/costs/month.js';
import { costsPage } from '../../tools/docs/costs/page.js';
import { type Price, prices } from '../../tools/docs/costs/prices.js';
import { storedArchives } from '../../tools/docs/costs/stored.js';
import { least, resourcesOf, template } from '../support/aws/stack.js';

describe('how many archives a vault holds', () => {
  const daily = { every: 1, transitions: [], oldVersionsDays: 0 };
  it.each([
    // Cleaned up on Mondays: 7 right after, one more each day.
    { name: 'a week of days', rules: { ...daily, policy: retentionPolicy(7, undefined) }, standard: 10 },
    {
      name: 'the same, with removed ones kept for two weeks more',
      rules: { ...daily, policy: retentionPolicy(7, undefined), oldVersionsDays: 14 },
      standard: 10 + 14,
    },
    {
      name: 'weekly backups',
      rules: { ...daily, every: 7, policy: retentionPolicy(28, undefined) },
      standard: 4,
    },
  ])('$name', ({ rules, standard }) => {
    expect(storedArchives(rules)).toEqual({ standard, infrequent: 0, glacier: 0 });
  });

  it('they get cheaper with age, and an old version stays in its class', () => {
    const transitions = [
      { to: 'infrequent', afterDays: 3 },
      { to: 'glacier', afterDays: 5 },
    ] as const;
    const policy = retentionPolicy(7, undefined);
    // On the days after a Monday's cleanup: 3 young, 2 of middle age, and 2 to 8 old ones.
    expect(storedArchives({ every: 1, transitions, oldVersionsDays: 0, policy })).toEqual({
      standard: 3,
      infrequent: 2,
      glacier: 5,
    });
    expect(storedArchives({ every: 1, transitions, oldVersionsDays: 7, policy }).glacier).toBe(5 + 7);
  });
});

describe('a month', () => {
  // By hand: quarter of 100 GB, times archives, times 0.023.
  it('of storage', () => {
    expect(storageMonth({ ...vaults.default, oldVersionsDays: 0 }, 25)).toBeCloseTo(25 * 33 * 0.023, 6);
    expect(storageMonth(vaults.default, 25)).toBeCloseTo(25 * 47 * 0.023, 6);
  });

  it('of runs: 60 s and 100 GB at 60 MB/s, a task of 1 vCPU and 2 GB with an address', () => {
    const hourly = 0.03238 + 2 * 0.00356 + 0.005;
    expect(databaseMonth(100).runs).toBeCloseTo(30.4 * ((60 + 100_000 / 60) / 3600) * hourly, 6);
    // Archives of 25 GB in parts of 8 MiB, and five requests for what goes beside them.
    expect(databaseMonth(100).requests).toBeCloseTo((30.4 * (Math.ceil(25e9 / 8_388_608) + 5) * 0.005) / 1000, 6);
  });

  it('has no drill where the disk of a task would be too small', () => {
    expect(databaseMonth(100).drill).toBeGreaterThan(0);
    expect(databaseMonth(200).drill).toBeUndefined();
  });

  it('of AWS’s own', () => {
    expect(snapshotMonth(100)).toBeCloseTo(100 * 1.58 * 0.095, 6);
    expect(exportMonth(100)).toBeCloseTo(30.4, 6);
    expect(mediaMonth(100).aws).toBeCloseTo(5, 6);
  });

  it('counts the alarms that are deployed', () => {
    const stack = template({ env: 'bare', environments: { bare: least } });
    expect(resourcesOf(stack, 'AWS::CloudWatch::Alarm')).toHaveLength(watched.alarms);
    expect(resourcesOf(stack, 'AWS::CloudWatch::Dashboard')).toHaveLength(1);
    expect(fixedMonth().most - fixedMonth().least).toBeCloseTo(10 * 0.1 + watched.metrics * 0.3 + 3, 6);
  });
});

describe('the prices', () => {
  it.each(Object.entries<Price>(prices))(
    '%s has AWS’s page, and where and when it was seen or that it was not',
    (_, price) => {
      expect(price.amount).toBeGreaterThan(0);
      expect(price.page).toMatch(/^https:\/\/aws\.amazon\.com\/.+\/pricing\/$/);
      const rows = costsPage('')
        .split('\n')
        .filter((line) => line.startsWith(`| ${price.what} | ${price.amount} per`));
      expect(rows).toHaveLength(1);
      expect(rows[0]).toContain(price.seen ? `${price.seen.where} (${price.seen.when})` : '**not confirmed**');
    },
  );
});
