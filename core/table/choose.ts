import { OperatorError } from '../errors.js';
import type { Manifest } from '../manifest.js';
import { matchesTable, rowsLeftOut, tablesWithRows } from '../parallel/choose-tables.js';
import { Cursor, keyOf, type QualifiedName } from './tokens.js';

/**
 * The one table that a person named, `orders` or `public.orders`, as far as the manifest knows it: its own rows' tables,
 * and where it lists objects, partitioned tables too. Where it cannot say, a name with its schema is taken as it is, and
 * the archive has the last word.
 *
 * @throws OperatorError USAGE
 */
export function chooseTable(name: string, manifest: Manifest | undefined, backup: string): QualifiedName {
  const withRows = tablesWithRows(manifest?.database);
  const withoutRows = new Set(manifest?.database?.tables.filter((table) => !withRows.includes(table)).map(keyOf));
  const known = knownTables(manifest, withRows, withoutRows);
  const found = known.filter((table) => matchesTable(name, table));
  const exact = found.filter((table) => matchesTable(name, table, 'exactly'));
  const [table, ...others] = exact.length > 0 ? exact : found;
  if (table && others.length === 0) return { schema: table.schema, name: table.name };
  if (table) {
    throw new OperatorError(
      'USAGE',
      `--table: "${name}" names ${others.length + 1} tables of ${backup}: ${shown([table, ...others])}`,
      'One table comes back beside the present one at a time: name it with its schema. --into a new database takes several.',
    );
  }
  const leftOut = manifest?.database?.tables.find((each) => withoutRows.has(keyOf(each)) && matchesTable(name, each));
  if (leftOut) throw rowsLeftOut(leftOut, backup);
  const [, schema, rest] = /^([^.]+)\.(.+)$/s.exec(name) ?? [];
  if (schema !== undefined && rest !== undefined && manifest?.database?.fingerprint === undefined) {
    return { schema, name: rest };
  }
  throw new OperatorError(
    'USAGE',
    `${backup} has no rows of a table "${name}"`,
    known.length > 0 ? `It has ${shown(known)}.` : 'Nothing tells its tables beforehand: name it with its schema.',
  );
}

function knownTables(
  manifest: Manifest | undefined,
  withRows: readonly QualifiedName[],
  withoutRows: ReadonlySet<string>,
): QualifiedName[] {
  const known = new Map(withRows.map((table) => [keyOf(table), table]));
  for (const object of Object.keys(manifest?.database?.fingerprint?.objects ?? {})) {
    if (!object.startsWith('table ')) continue;
    const table = new Cursor(object.slice('table '.length)).qualified();
    if (table && !withoutRows.has(keyOf(table))) known.set(keyOf(table), table);
  }
  return [...known.values()];
}

function shown(tables: readonly QualifiedName[]): string {
  const names = tables.slice(0, 20).map(({ schema, name }) => `${schema}.${name}`);
  return `${names.join(', ')}${tables.length > names.length ? ` and ${tables.length - names.length} more` : ''}`;
}
