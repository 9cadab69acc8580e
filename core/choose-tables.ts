import { OperatorError } from './errors.js';
import type { TableFacts } from './manifest.js';

/**
 * The tables of a backup that a person named: `orders`, `public.orders`, `public.order*`. Names are taken as they are,
 * upper and lower case being different; without a schema every schema's table of that name is meant.
 *
 * @throws OperatorError USAGE for a name that matches no table with rows in the backup
 */
export function chooseTables(names: readonly string[], tables: readonly TableFacts[], backup: string): TableFacts[] {
  const dumped = tables.filter(({ rows }) => rows !== undefined);
  const chosen = new Set<TableFacts>();
  for (const name of names) {
    const matching = dumped.filter((table) => matchesTable(name, table));
    if (matching.length === 0) throw noSuchTable(name, dumped, backup);
    for (const table of matching) chosen.add(table);
  }
  return [...chosen];
}

/** @param how `exactly`: the name as it is, `*` standing for itself */
export function matchesTable(
  name: string,
  { schema, name: table }: Pick<TableFacts, 'schema' | 'name'>,
  how: 'as a pattern' | 'exactly' = 'as a pattern',
): boolean {
  if (how === 'exactly') return name === table || name === `${schema}.${table}`;
  const pattern = new RegExp(`^${name.split('*').map(literally).join('.*')}$`, 's');
  return pattern.test(table) || pattern.test(`${schema}.${table}`);
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function noSuchTable(name: string, dumped: readonly TableFacts[], backup: string): OperatorError {
  const shown = dumped.slice(0, 20).map((table) => `${table.schema}.${table.name}`);
  const more = dumped.length > shown.length ? ` and ${dumped.length - shown.length} more` : '';
  return new OperatorError(
    'USAGE',
    `${backup} has no rows of a table "${name}"`,
    `It has ${shown.join(', ')}${more}. A partitioned table’s rows are in its partitions: name those, or use *.`,
  );
}
