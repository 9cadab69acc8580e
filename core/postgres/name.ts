/** NAMEDATALEN - 1: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
const mostBytes = 63;

/** Whether PostgreSQL takes it whole as a name: longer ones it cuts off, and finds something else or nothing by them. */
export function isName(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= mostBytes && !text.includes('\0');
}

/** The same, and nothing in it that nobody types: of a name that a person has written. */
export function isTypedName(text: string): boolean {
  return isName(text) && !/\p{Cc}/u.test(text);
}
