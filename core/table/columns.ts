import { Cursor } from './tokens.js';

/** A column of a table that is made anew. */
export interface Column {
  readonly name: string;
  /** With its collation; `WITH OPTIONS` in a typed table. */
  readonly type: string;
  readonly notNull: boolean;
  readonly default?: string | undefined;
  /** `GENERATED ALWAYS AS (…) STORED` */
  readonly generated?: string;
  /** `GENERATED … AS IDENTITY (…)` */
  readonly identity?: string;
  /** The type that gives it a sequence of its own. */
  readonly serial?: string;
}

/** Whether what stands between the commas of CREATE TABLE is a constraint: these words are reserved, as names they are quoted. */
export function isConstraint(element: string): boolean {
  const first = new Cursor(element).peek();
  return first?.type === 'word' && ['constraint', 'check', 'primary', 'unique', 'foreign', 'not'].includes(first.value);
}

/** Reads `CONSTRAINT positive CHECK (amount > 0)`; the name is empty where PostgreSQL is to choose one. */
export function readConstraintName(element: string): { readonly name: string; readonly definition: string } {
  const cursor = new Cursor(element);
  const name = cursor.take('constraint') ? cursor.name() : undefined;
  return { name: name ?? '', definition: cursor.rest() };
}

/** Reads `id bigint DEFAULT 1 NOT NULL`; undefined for what is no column. */
export function readColumn(element: string): Column | undefined {
  const cursor = new Cursor(element);
  const name = cursor.name();
  if (name === undefined) return undefined;
  const type = upTo(cursor, (at) => startsRest(at));
  let column: Column = { name, type, notNull: false };
  while (!cursor.done) {
    if (cursor.take('default')) column = { ...column, default: upTo(cursor, startsNotNull, 1) };
    else if (cursor.peek()?.value === 'generated') column = { ...column, generated: upTo(cursor, startsNotNull, 1) };
    else if (cursor.take('not null')) column = { ...column, notNull: true };
    else cursor.next();
  }
  return column;
}

/** The text up to a place, which is reached, at least so many words. */
function upTo(cursor: Cursor, isEnd: (cursor: Cursor) => boolean, atLeast = 0): string {
  const start = cursor.peek()?.start ?? cursor.sql.length;
  let end = start;
  for (let count = 0; !cursor.done && (count < atLeast || !isEnd(cursor)); count += 1) end = cursor.next()?.end ?? end;
  return cursor.sql.slice(start, end);
}

function startsRest(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token?.type !== 'word' || token.depth !== 0) return false;
  return ['default', 'generated'].includes(token.value) || startsNotNull(cursor);
}

/** `NOT NULL`, from version 18 on with a name. The server writes these words in parentheses wherever they are of an expression. */
function startsNotNull(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token?.type !== 'word' || token.depth !== 0) return false;
  return token.value === 'constraint' || (token.value === 'not' && cursor.peek(1)?.value === 'null');
}

/** As CREATE TABLE merges inherited columns: the place of the first, of each property the last that says something. */
export function mergeColumns(columns: readonly Column[]): Column[] {
  const merged = new Map<string, Column>();
  for (const column of columns) {
    const before = merged.get(column.name);
    merged.set(column.name, {
      ...before,
      ...column,
      default: column.default ?? before?.default,
      notNull: column.notNull || before?.notNull === true,
    });
  }
  return [...merged.values()];
}
