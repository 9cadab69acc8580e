// Writes what benches have recorded into docs/figures.md and its plot: npm run bench:page -- FILE
import { readFileSync, writeFileSync } from 'node:fs';
import { recorded } from './record.js';
import { sweepPlot } from './sweep-plot.js';
import { ratiosTable, sizesTable } from './tables.js';

const [, , file = ''] = process.argv;
const { ratios, sizes } = await recorded(file);
const page = new URL('../../docs/figures.md', import.meta.url);
let text = readFileSync(page, 'utf8');
if (ratios.length > 0) text = filled(text, 'ratios', ratiosTable(ratios));
if (sizes.length > 0) {
  text = filled(text, 'sweep', sizesTable(sizes));
  writeFileSync(new URL('../../docs/images/sweep.svg', import.meta.url), sweepPlot(sizes));
}
writeFileSync(page, text);

function filled(page: string, name: string, section: string): string {
  const marked = new RegExp(`(<!-- ${name}: made by "npm run bench:page" -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!marked.test(page)) throw new Error(`docs/figures.md has no place for ${name}`);
  return page.replace(marked, (_, begin: string, end: string) => `${begin}${section}\n${end}`);
}
