import { Cursor, type QualifiedName } from './tokens.js';

/** What a dump says of tables, a statement at a time; as pg_dump writes it, which is a small part of SQL. */
export type TableStatement =
  | {
      readonly type: 'table';
      readonly table: QualifiedName;
      readonly unlogged: boolean;
      /** ` OF type`, of a typed table. */
      readonly of: string;
      /** Columns and constraints, as they stand between the commas. */
      readonly elements: readonly string[];
      readonly inherits: readonly QualifiedName[];
      readonly partitioned: boolean;
    }
  | { readonly type: 'partition'; readonly table: QualifiedName; readonly of: QualifiedName }
  | {
      readonly type: 'default';
      readonly table: QualifiedName;
      readonly column: string;
      readonly expression: string;
    }
  | {
      readonly type: 'identity';
      readonly table: QualifiedName;
      readonly column: string;
      /** `ALWAYS` or `BY DEFAULT`. */
      readonly generated: string;
      /** What the sequence is told beside its name. */
      readonly options: string;
    }
  | { readonly type: 'owned sequence'; readonly table: QualifiedName; readonly column: string }
  | { readonly type: 'not null'; readonly table: QualifiedName; readonly column: string }
  /** `ALTER COLUMN … SET …` of what is no default. */
  | { readonly type: 'column setting'; readonly table: QualifiedName; readonly change: string }
  | {
      readonly type: 'constraint';
      readonly table: QualifiedName;
      readonly name: string;
      readonly kind: 'key' | 'foreign key' | 'other';
      readonly definition: string;
    }
  | {
      readonly type: 'index';
      readonly table: QualifiedName;
      readonly name: string;
      readonly unique: boolean;
      /** From USING on. */
      readonly definition: string;
    }
  | { readonly type: 'row security'; readonly table: QualifiedName }
  /** A trigger, a rule and the like. */
  | { readonly type: 'attached'; readonly table: QualifiedName; readonly what: string };

/** Reads a statement of a dump's definitions; undefined for what is not about a table. */
export function readDefinition(sql: string): TableStatement | undefined {
  const cursor = new Cursor(sql);
  if (cursor.take('create')) return readCreate(cursor);
  if (cursor.take('alter table')) return readAlterTable(cursor);
  if (cursor.take('alter sequence')) return readOwner(cursor);
  return undefined;
}

function readCreate(cursor: Cursor): TableStatement | undefined {
  const unlogged = cursor.take('unlogged');
  if (cursor.take('table')) return readTable(cursor, unlogged);
  const unique = cursor.take('unique');
  if (cursor.take('index')) return readIndex(cursor, unique);
  return readAttached(cursor);
}

function readTable(cursor: Cursor, unlogged: boolean): TableStatement | undefined {
  const table = cursor.qualified();
  if (!table) return undefined;
  if (cursor.take('partition of')) {
    const of = cursor.qualified();
    return of && { type: 'partition', table, of };
  }
  let of = '';
  if (cursor.take('of')) {
    const start = cursor.peek()?.start ?? 0;
    while (!cursor.done && cursor.peek()?.value !== '(') cursor.next();
    of = ` OF ${cursor.sql.slice(start, cursor.peek()?.start).replace(/;\s*$/, '').trim()}`;
  }
  const elements = cursor.list() ?? [];
  const inherits = cursor.take('inherits') ? (cursor.list() ?? []).flatMap((each) => qualifiedIn(each)) : [];
  const partitioned = cursor.take('partition by');
  return { type: 'table', table, unlogged, of, elements, inherits, partitioned };
}

function qualifiedIn(text: string): QualifiedName[] {
  const name = new Cursor(text).qualified();
  return name ? [name] : [];
}

function readIndex(cursor: Cursor, unique: boolean): TableStatement | undefined {
  const name = cursor.name();
  if (name === undefined || !cursor.take('on')) return undefined;
  cursor.take('only');
  const table = cursor.qualified();
  return table && { type: 'index', table, name, unique, definition: cursor.rest() };
}

/** What hangs on a table and is named after CREATE: `TRIGGER t … ON public.orders`. */
function readAttached(cursor: Cursor): TableStatement | undefined {
  cursor.take('constraint');
  const kind = (['trigger', 'policy', 'rule', 'statistics'] as const).find((each) => cursor.take(each));
  if (!kind) return undefined;
  const statistics = kind === 'statistics' ? cursor.qualified() : undefined;
  const name = statistics?.name ?? cursor.name();
  const to = { trigger: 'on', policy: 'on', rule: 'to', statistics: 'from' }[kind];
  while (cursor.skipTo(to)) {
    const table = cursor.qualified();
    if (table) return { type: 'attached', table, what: `${kind} ${name}` };
  }
  return undefined;
}

function readAlterTable(cursor: Cursor): TableStatement | undefined {
  cursor.take('only');
  const table = cursor.qualified();
  if (!table) return undefined;
  if (cursor.take('attach partition')) {
    const partition = cursor.qualified();
    return partition && { type: 'partition', table: partition, of: table };
  }
  if (cursor.take('enable row level security')) return { type: 'row security', table };
  if (cursor.take('add constraint')) return readConstraint(cursor, table);
  if (cursor.take('alter column')) return readColumn(cursor, table);
  return undefined;
}

function readConstraint(cursor: Cursor, table: QualifiedName): TableStatement | undefined {
  const name = cursor.name();
  if (name === undefined) return undefined;
  const definition = cursor.rest();
  const kind = cursor.take('foreign key')
    ? 'foreign key'
    : cursor.take('primary key') || cursor.take('unique') || cursor.take('exclude')
      ? 'key'
      : 'other';
  return { type: 'constraint', table, name, kind, definition };
}

function readColumn(cursor: Cursor, table: QualifiedName): TableStatement | undefined {
  const from = cursor.peek()?.start ?? 0;
  const column = cursor.name();
  if (column === undefined) return undefined;
  if (cursor.take('set default')) return { type: 'default', table, column, expression: cursor.rest() };
  if (cursor.take('set not null')) return { type: 'not null', table, column };
  if (cursor.take('add generated')) {
    const generated = cursor.take('always') ? 'ALWAYS' : 'BY DEFAULT';
    if (!cursor.skipTo('identity')) return undefined;
    return { type: 'identity', table, column, generated, options: sequenceOptions(cursor.rest()) };
  }
  if (cursor.take('set')) {
    const change = `ALTER COLUMN ${cursor.sql.slice(from).replace(/;\s*$/, '').trim()}`;
    return { type: 'column setting', table, change };
  }
  return undefined;
}

/** `(SEQUENCE NAME public.s START WITH 5 …)` without the name, which is taken. */
function sequenceOptions(text: string): string {
  const cursor = new Cursor(text);
  if (!cursor.take('(')) return '';
  if (cursor.take('sequence name')) cursor.qualified();
  const rest = cursor.rest();
  const options = rest.endsWith(')') ? rest.slice(0, -1).trim() : '';
  return options === '' ? '' : ` (${options})`;
}

function readOwner(cursor: Cursor): TableStatement | undefined {
  if (!cursor.qualified() || !cursor.take('owned by')) return undefined;
  const table = cursor.qualified();
  const column = table && cursor.take('.') ? cursor.name() : undefined;
  return table && column !== undefined ? { type: 'owned sequence', table, column } : undefined;
}

/** What a dump says about rows. */
export type RowStatement =
  | {
      readonly type: 'copy';
      readonly table: QualifiedName;
      /** Undefined where all are meant. */
      readonly columns: readonly string[] | undefined;
      /** Rows in another form than pg_dump's, such as CSV. */
      readonly unusual: boolean;
    }
  | { readonly type: 'insert'; readonly table: QualifiedName /** What follows the name. */; readonly rest: string };

/** Reads a statement that brings rows; undefined for every other. */
export function readRows(sql: string): RowStatement | undefined {
  // The values may be large, and are nothing to be read here.
  const beginning = new Cursor(sql.slice(0, 4_096));
  if (beginning.take('insert into')) {
    const table = beginning.qualified();
    const rest = sql.slice(beginning.peek()?.start).replace(/;\s*$/, '');
    return table && { type: 'insert', table, rest };
  }
  const cursor = new Cursor(sql);
  if (!cursor.take('copy')) return undefined;
  const table = cursor.qualified();
  const columns = cursor.list()?.map((each) => new Cursor(each).name() ?? each);
  if (!table || !cursor.take('from stdin')) return undefined;
  return { type: 'copy', table, columns, unusual: cursor.rest() !== '' };
}
