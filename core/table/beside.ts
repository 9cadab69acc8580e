import type { TableDefinition } from './definition.js';
import { keyOf, type QualifiedName, quoted, quotedName, tokens } from './tokens.js';

/** A statement that may fail without the rows being lost: what it adds is then told as left out. */
export interface Addition {
  /** `index orders_by_day` */
  readonly what: string;
  readonly sql: string;
}

/** The statement that makes a table beside the present one, without what can be added when its rows are in. */
export function createTable({ of, columns }: TableDefinition, as: QualifiedName): string {
  const lines = columns.map(({ name, type, generated, identity, serial, notNull }) =>
    [quoted(name), serial ?? type, generated, identity, notNull ? 'NOT NULL' : undefined]
      .filter((each) => each !== undefined && each !== '')
      .join(' '),
  );
  return `CREATE TABLE ${quotedName(as)}${of} ${of !== '' && lines.length === 0 ? '' : `(\n  ${lines.join(',\n  ')}\n)`}`;
}

/** How its columns are stored, to be said before rows come. */
export function columnSettings({ table, settings }: TableDefinition, as: QualifiedName): Addition[] {
  return settings.map((change) => ({
    what: `setting ${change}`,
    sql: `ALTER TABLE ${quotedName(as)} ${withRows(change, table, as)}`,
  }));
}

/**
 * Defaults, constraints and indexes, to be added over the rows. Indexes and what rests on them get the names that the
 * server chooses, because their own are taken; a constraint's name is its table's own matter.
 */
export function additions({ table, columns, constraints, indexes }: TableDefinition, as: QualifiedName): Addition[] {
  const target = quotedName(as);
  return [
    ...columns.flatMap((column) =>
      column.default === undefined
        ? []
        : [
            {
              what: `default of column ${column.name}`,
              sql: `ALTER TABLE ${target} ALTER COLUMN ${quoted(column.name)} SET DEFAULT ${column.default}`,
            },
          ],
    ),
    ...constraints.map(({ name, kind, definition }) => ({
      what: `constraint ${name}`,
      sql: `ALTER TABLE ${target} ADD ${kind === 'key' || name === '' ? '' : `CONSTRAINT ${quoted(name)} `}${withRows(definition, table, as)}`,
    })),
    ...indexes.map(({ name, unique, definition }) => ({
      what: `index ${name}`,
      sql: `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ON ${target} ${withRows(definition, table, as)}`,
    })),
  ];
}

/** Columns that draw on a sequence of their own. */
export function sequenceColumns({ columns }: TableDefinition): string[] {
  return columns.flatMap(({ name, serial, identity }) => (serial || identity ? [name] : []));
}

/** The statement that takes rows in. Columns left out take them all. */
export function copyIntoTable(
  as: QualifiedName,
  columns: readonly string[] | undefined,
  format: 'binary' | 'text',
): string {
  // In letters of ASCII alone, because the session may speak the encoding of the rows meanwhile.
  const target = `${inAscii(as.schema)}.${inAscii(as.name)}`;
  // A table without columns has an empty list, which COPY does not take.
  const list = columns && columns.length > 0 ? ` (${columns.map(inAscii).join(', ')})` : '';
  return `COPY ${target}${list} FROM STDIN (FORMAT ${format}, FREEZE)`;
}

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS, "Unicode escapes" */
function inAscii(name: string): string {
  if (/^[\x20-\x7e]*$/.test(name)) return quoted(name);
  const letters = [...name.replaceAll('\\', '\\\\')].map((letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return code < 128 ? letter : `\\+${code.toString(16).padStart(6, '0')}`;
  });
  return `U&${quoted(letters.join(''))}`;
}

/** An expression may speak of a whole row, `orders.*`, by the table's name. */
function withRows(sql: string, table: QualifiedName, as: QualifiedName): string {
  if (keyOf(table) === keyOf(as)) return sql;
  const words = tokens(sql);
  let renamed = '';
  let from = 0;
  for (const [index, word] of words.entries()) {
    const isName = word.type === 'word' || word.type === 'identifier';
    if (!isName || word.value !== table.name || words[index - 1]?.value === '.') continue;
    if (words[index + 1]?.value !== '.' || words[index + 2]?.value !== '*') continue;
    renamed += sql.slice(from, word.start) + quoted(as.name);
    from = word.end;
  }
  return renamed + sql.slice(from);
}

/** The name that a table comes back under where none is said: `orders_20260101_030000`, cut to PostgreSQL's 63 bytes. */
export function besideName(table: string, stamp: string): string {
  let base = table;
  while (new TextEncoder().encode(`${base}_${stamp}`).length > 63) base = [...base].slice(0, -1).join('');
  return `${base}_${stamp}`;
}
