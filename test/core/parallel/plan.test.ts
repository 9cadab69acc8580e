import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeParts, planParts } from '../../../core/parallel/plan.js';

const tables = fc.array(
  fc.record({
    schema: fc.constant('public'),
    name: fc.string({ minLength: 1 }),
    pages: fc.integer({ min: 0, max: 5_000_000 }),
    bytes: fc.integer({ min: 0, max: 40_000_000_000 }),
  }),
  { maxLength: 20 },
);

it('every page of every table is in one part and in one only, whatever the tables', () => {
  fc.assert(
    fc.property(tables, fc.integer({ min: 1, max: 64 }), fc.boolean(), (given, workers, canCut) => {
      const { parts, small } = planParts(given, { workers, canCut });
      for (const table of given) {
        const own = parts.filter((part) => part.table === table).sort((a, b) => a.number - b.number);
        expect(own.length > 0).toBe(!small.includes(table));
        expect(own.map(({ number }) => number)).toEqual(own.map((_, index) => index + 1));
        if (own.length <= 1) {
          for (const { range } of own) expect(range).toBeNull();
          continue;
        }
        expect(canCut).toBe(true);
        expect(own[0]?.range?.from).toBe(0);
        expect(own.at(-1)?.range?.to).toBeNull();
        for (const [index, { range }] of own.entries()) {
          if (index > 0) expect(range?.from).toBe(own[index - 1]?.range?.to);
          expect(range?.from).toBeLessThan(table.pages);
        }
      }
      expect(parts.map(({ bytes }) => bytes)).toEqual(parts.map(({ bytes }) => bytes).sort((a, b) => b - a));
    }),
  );
});

it.each([
  { megabytes: [1], text: 'no table is large enough to be worth parts, so pg_dump takes them all' },
  { megabytes: [], text: 'no table is large enough to be worth parts, so pg_dump takes them all' },
  { megabytes: [1, 3], text: '1 large table in 1 part by 2 workers, pg_dump takes the rest' },
  { megabytes: [3, 100], text: '2 large tables in 5 parts by 2 workers, pg_dump takes the rest' },
])('tables of $megabytes MB: $text', ({ megabytes, text }) => {
  const tables = megabytes.map((size, index) => ({
    ...{ schema: 'public', name: `t${index}`, pages: size * 128, bytes: size * 1024 * 1024 },
  }));
  expect(describeParts(planParts(tables, { workers: 2, canCut: true }).parts, 2)).toBe(text);
});
