interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** How names are written in the statements of a session. */
export interface SqlNames {
  identifier(name: string): string;
  table(table: TableName): string;
}

/**
 * For sessions whose client encoding is the database's own, as sessions that copy rows have it, while statements are sent
 * in UTF-8: what is not ASCII is then written by its code points, which the server takes from PostgreSQL 13 on. A
 * database without an encoding takes bytes as they are.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
 */
export function sqlNames(encoding: string): SqlNames {
  const identifier = ['UTF8', 'SQL_ASCII'].includes(encoding) ? quoted : inAscii;
  return { identifier, table: ({ schema, name }) => `${identifier(schema)}.${identifier(name)}` };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function inAscii(name: string): string {
  if (/^[\x20-\x7e]*$/.test(name)) return quoted(name);
  const written = Array.from(name, (character) => {
    if (character === '\\' || character === '"') return character + character;
    if (/^[\x20-\x7e]$/.test(character)) return character;
    return `\\+${(character.codePointAt(0) ?? 0).toString(16).padStart(6, '0')}`;
  });
  return `U&"${written.join('')}"`;
}
