import { type Column, isConstraint, mergeColumns, readColumn, readConstraintName } from './columns.js';
import type { TableStatement } from './statements.js';
import { keyOf, type QualifiedName } from './tokens.js';

/** A table as a dump describes it, ready to be made under another name. */
export interface TableDefinition {
  readonly table: QualifiedName;
  readonly of: string;
  readonly columns: readonly Column[];
  /** The tables whose rows are its rows: itself, or of a partitioned one all partitions too. */
  readonly rowsOf: readonly QualifiedName[];
  /** What is set before rows come. */
  readonly settings: readonly string[];
  readonly rowSecurity: boolean;
  /** What stands over the rows, in the dump's order. */
  readonly constraints: readonly Of<'constraint'>[];
  readonly indexes: readonly Of<'index'>[];
  /** What does not come along, in words. */
  readonly leftOut: readonly string[];
}

type Of<Type extends TableStatement['type']> = Extract<TableStatement, { type: Type }>;

/** Gathers what a dump says of its tables, until one of them is asked for. */
export class TableDefinitions {
  private readonly statements = new Map<string, TableStatement[]>();
  private readonly partitions = new Map<string, QualifiedName[]>();

  note(statement: TableStatement): void {
    const key = keyOf(statement.table);
    const before = this.statements.get(key);
    if (before) before.push(statement);
    else this.statements.set(key, [statement]);
    if (statement.type !== 'partition') return;
    const parent = keyOf(statement.of);
    this.partitions.set(parent, [...(this.partitions.get(parent) ?? []), statement.table]);
  }

  /** Whether the dump makes a table of this name. */
  has(table: QualifiedName): boolean {
    return this.statements.get(keyOf(table))?.some(({ type }) => type === 'table' || type === 'partition') ?? false;
  }

  /** What the dump has said of a table so far; undefined where it makes none of this name. */
  of(table: QualifiedName): TableDefinition | undefined {
    if (!this.has(table)) return undefined;
    const made = this.all(table, 'table')[0];
    const { columns, checks } = this.columnsOf(table);
    const shared = columns.filter((column) => column.default !== undefined && isShared(column)).map(({ name }) => name);
    const partitions = this.partitionsOf(table);
    const constraints = this.all(table, 'constraint');
    return {
      table,
      of: made?.of ?? '',
      columns: columns.map((column) => (shared.includes(column.name) ? { ...column, default: undefined } : column)),
      rowsOf: [table, ...partitions],
      settings: this.all(table, 'column setting').map(({ change }) => change),
      rowSecurity: this.all(table, 'row security').length > 0,
      constraints: [...checks, ...constraints.filter(({ kind }) => kind !== 'foreign key')],
      indexes: this.all(table, 'index'),
      leftOut: [
        ...(made?.partitioned ? [`partitions (the rows of all ${partitions.length} are in one table)`] : []),
        ...(made?.unlogged ? ['UNLOGGED (a crash does not empty the copy)'] : []),
        ...(made?.inherits ?? []).map(({ schema, name }) => `inheritance from ${schema}.${name}`),
        ...shared.map((name) => `default of column ${name} (it draws on a sequence of others)`),
        ...constraints.flatMap(({ kind, name }) => (kind === 'foreign key' ? [`foreign key ${name}`] : [])),
        ...this.all(table, 'attached').map(({ what }) => what),
      ],
    };
  }

  private all<Type extends TableStatement['type']>(table: QualifiedName, type: Type): Of<Type>[] {
    const of = this.statements.get(keyOf(table)) ?? [];
    return of.filter((statement): statement is Of<Type> => statement.type === type);
  }

  /** All partitions, those of partitions included. */
  private partitionsOf(table: QualifiedName): QualifiedName[] {
    const found = new Map([[keyOf(table), table]]);
    // What is added on the way is visited too; a name that came already is not, whatever a forged dump says.
    for (const key of found.keys())
      for (const each of this.partitions.get(key) ?? []) if (!found.has(keyOf(each))) found.set(keyOf(each), each);
    return [...found.values()].slice(1);
  }

  /**
   * pg_dump writes only a table's own columns where others are inherited; and before version 12, none of a partition.
   */
  private columnsOf(
    table: QualifiedName,
    below: readonly string[] = [],
  ): { readonly columns: Column[]; readonly checks: Of<'constraint'>[] } {
    if (below.includes(keyOf(table))) return { columns: [], checks: [] };
    const made = this.all(table, 'table')[0];
    const parents = made ? made.inherits : this.all(table, 'partition').map(({ of }) => of);
    const inherited = parents.map((parent) => this.columnsOf(parent, [...below, keyOf(table)]));
    const elements = made?.elements ?? [];
    const own = elements.filter((element) => !isConstraint(element)).flatMap((element) => readColumn(element) ?? []);
    const checks = elements.filter(isConstraint).flatMap((element): Of<'constraint'>[] => {
      const { name, definition } = readConstraintName(element);
      return [{ type: 'constraint', table, name, kind: 'other', definition }];
    });
    const merged = mergeColumns([...inherited.flatMap(({ columns }) => columns), ...own]);
    const byName = new Map([...inherited.flatMap((each) => each.checks), ...checks].map((each) => [each.name, each]));
    return { columns: merged.map((column) => this.altered(table, column)), checks: [...byName.values()] };
  }

  /** A column as the dump's later statements change it. */
  private altered(table: QualifiedName, column: Column): Column {
    const of = <Each extends { readonly column: string }>(statements: readonly Each[]) =>
      statements.filter((each) => each.column === column.name).at(-1);
    const later = of(this.all(table, 'default'));
    const expression = later ? later.expression : column.default;
    const identity = of(this.all(table, 'identity'));
    const owns = of(this.all(table, 'owned sequence')) !== undefined;
    const serial = owns && expression !== undefined && drawsOnSequence.test(expression) && serials[column.type];
    return {
      ...column,
      notNull: column.notNull || of(this.all(table, 'not null')) !== undefined,
      default: serial || /^null$/i.test(expression ?? '') ? undefined : expression,
      ...(serial ? { serial } : {}),
      ...(identity ? { identity: `GENERATED ${identity.generated} AS IDENTITY${identity.options}` } : {}),
    };
  }
}

/** A type that makes a sequence of the column's own: https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL */
const serials: Readonly<Record<string, string>> = { smallint: 'smallserial', integer: 'serial', bigint: 'bigserial' };

const drawsOnSequence = /\bnextval\s*\(/i;

function isShared(column: Column): boolean {
  return drawsOnSequence.test(column.default ?? '');
}
