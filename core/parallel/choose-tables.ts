import { OperatorError } from '../errors.js';
import type { DatabaseFacts, TableFacts } from '../manifest.js';

type Dumped = Pick<DatabaseFacts, 'tables' | 'selection'>;

/**
 * The tables whose rows are in a backup. One without a count was left out on purpose, where a selection says so; else
 * nothing was counted (BACKUP_FINGERPRINT=off), and it is in the backup like all.
 */
export function tablesWithRows(database: Dumped | undefined): TableFacts[] {
  const leftOut = database?.selection?.some((argument) => argument.startsWith('--exclude-table-data=')) ?? false;
  return (database?.tables ?? []).filter(({ rows }) => rows !== undefined || !leftOut);
}

/**
 * The tables of a backup that a person named: `orders`, `public.orders`, `public.order*`. Names are taken as they are,
 * upper and lower case being different; without a schema every schema's table of that name is meant.
 *
 * @throws OperatorError USAGE for a name that matches no table with rows in the backup
 */
export function chooseTables(names: readonly string[], database: Dumped | undefined, backup: string): TableFacts[] {
  const dumped = tablesWithRows(database);
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
    dumped.length === 0
      ? 'Nothing tells which tables have rows in it: restore all of it with --into, without --table.'
      : `It has ${shown.join(', ')}${more}. A partitioned table’s rows are in its partitions: name those, or use *.`,
  );
}
