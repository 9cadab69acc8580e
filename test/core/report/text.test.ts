import { describe, expect, it } from 'vitest';
import { parsePrices } from '../../../core/report/storage-use.js';
import { listed, size, span, targetName } from '../../../core/report/text.js';
import { parseScheduleList } from '../../../core/schedules/schedules.js';

describe('the words of a report', () => {
  it.each([
    [0, '1 s'],
    [45_000, '45 s'],
    [60_000, '1 min'],
    [89 * 60_000, '89 min'],
    [90 * 60_000, '2 h'],
    [7.4 * 3_600_000, '7 h'],
    [47 * 3_600_000, '47 h'],
    [49 * 3_600_000, '2 d'],
    [-5, '1 s'],
  ])('%d ms is %s', (milliseconds, words) => expect(span(milliseconds)).toBe(words));

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1023, '1.00 kB'],
    [1536, '1.50 kB'],
    [47_520_000, '45.3 MB'],
    [1024 ** 3 * 618, '618 GB'],
    [1024 ** 6, '1024 PB'],
  ])('%d bytes are %s', (bytes, words) => expect(size(bytes)).toBe(words));

  it('lists words', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['', 'a', 'a and b', 'a, b and c']);
    expect([targetName({ kind: 'database', target: '' }), targetName({ kind: 'media', target: 'crm' })]).toEqual([
      'database',
      'crm media',
    ]);
  });
});

describe('what a person sets for it', () => {
  it.each([
    ['0.023', { currency: 'USD', byClass: { '*': 0.023 } }],
    ['STANDARD=0.023, *=0.01 EUR', { currency: 'EUR', byClass: { STANDARD: 0.023, '*': 0.01 } }],
    ['local=0', { currency: 'USD', byClass: { local: 0 } }],
    ['', '"" is not like 0.023 or STANDARD_IA=0.0125'],
    ['cheap', '"cheap" is not like 0.023 or STANDARD_IA=0.0125'],
    ['STANDARD=-1', '"STANDARD=-1" is not like 0.023 or STANDARD_IA=0.0125'],
    ['STANDARD=1,STANDARD=2', 'STANDARD is given twice'],
    ['STANDARD=0,023 EUR', '"023" is not like 0.023 or STANDARD_IA=0.0125'],
    ['1,2', 'the price of all classes is given twice'],
  ])('prices %j', (text, prices) => expect(parsePrices(text)).toEqual(prices));

  it.each([
    ['database: cron(0 3 * * ? *)', [{ name: 'database', expression: 'cron(0 3 * * ? *)' }]],
    [
      'a: rate(7 days); b: cron(0 4 ? * SUN *);',
      [
        { name: 'a', expression: 'rate(7 days)' },
        { name: 'b', expression: 'cron(0 4 ? * SUN *)' },
      ],
    ],
    ['every night', '"every night" is not like database: cron(0 3 * * ? *)'],
    ['a: rate(0 days)', 'a: must be like rate(1 hour) or rate(2 days)'],
  ])('schedules %j', (text, schedules) => expect(parseScheduleList(text)).toEqual(schedules));
});
