import { readFileSync, writeFileSync } from 'node:fs';
import type { Outcome } from '../../test/faults/round.js';
import { operationsOf, tableOf, violationsOf } from '../../test/faults/tally.js';

// Writes what rounds of faults have found into docs/promises.md: `npm run test:faults -- --report FILE`.
const [, , record = ''] = process.argv;
const outcomes = readFileSync(record, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line): Outcome => JSON.parse(line));
const seeds = outcomes.map(({ seed }) => seed);
const section = `**${outcomes.length.toLocaleString('en')} rounds**, seeds ${Math.min(...seeds)} to ${Math.max(...seeds)}: ${violationsOf(outcomes)}.

${tableOf(outcomes)}

Played with: ${operationsOf(outcomes)}.`;
const file = new URL('../../docs/promises.md', import.meta.url);
const text = readFileSync(file, 'utf8');
const marked = /(<!-- faults: made by "npm run test:faults -- --report" -->\n)[\s\S]*?(\n<!-- end -->)/;
if (!marked.test(text)) throw new Error('docs/promises.md has no place for the rounds');
writeFileSync(
  file,
  text.replace(marked, (_, begin: string, end: string) => `${begin}${section}${end}`),
);
