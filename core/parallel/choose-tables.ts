import { OperatorError } from '../errors.js';
import type { DatabaseFacts, TableFacts } from '../manifest.js';

type Dumped = Pick<DatabaseFacts, 'tables' | 'selection' | 'withoutRows'>;

/** The tables whose rows are in a backup, counted or not (BACKUP_FINGERPRINT=off). */
export function tablesWithRows(database: Dumped | undefined): TableFacts[] {
  return (database?.tables ?? []).filter((table) => !isLeftOut(table, database));
}

/** Whether a table's rows were left out on purpose. Earlier manifests told it by their not being counted alone. */
function isLeftOut({ schema, name, rows }: TableFacts, database: Dumped | undefined): boolean {
  if (database?.withoutRows) return database.withoutRows.some((each) => each.schema === schema && each.name === name);
  return rows === undefined && (database?.selection?.some((one) => one.startsWith('--exclude-table-data=')) ?? false);
}

/** What a person is told who asks for such a table's rows. */
export function rowsLeftOut({ schema, name }: Pick<TableFacts, 'schema' | 'name'>, backup: string): OperatorError {
  return new OperatorError(
    'USAGE',
    `--table: the rows of "${schema}.${name}" were left out of ${backup} (--exclude-table-data)`,
    'Name a backup that was taken with them: respaldo list. Its definition alone comes with all the others, into a new database: --into NAME.',
  );
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
    const [leftOut] = database?.tables.filter((table) => matchesTable(name, table) && isLeftOut(table, database)) ?? [];
    if (matching.length === 0) throw leftOut ? rowsLeftOut(leftOut, backup) : noSuchTable(name, dumped, backup);
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
