import { Readable } from 'node:stream';
import { OperatorError } from '../../core/errors.js';
import type { PartFacts } from '../../core/manifest.js';
import { additions, columnSettings, createTable, sequenceColumns } from '../../core/table/beside.js';
import { type TableDefinition, TableDefinitions } from '../../core/table/definition.js';
import { decodeSql, encodingOf } from '../../core/table/encoding.js';
import { type RowStatement, readDefinition, readRows } from '../../core/table/statements.js';
import { keyOf, type QualifiedName, quoted, quotedName } from '../../core/table/tokens.js';
import { rowsFrom, type SqlEvent, sqlEvents } from './sql-events.js';
import type { TableSession } from './table-session.js';

export interface WrittenTable {
  /** The tables of the backup whose rows it has. */
  readonly rowsOf: readonly QualifiedName[];
  readonly rows: number;
  /** What did not come along, in words. */
  readonly leftOut: readonly string[];
}

/** Takes one table out of what a dump says, and makes it under another name. */
export class TableWriter {
  private readonly definitions = new TableDefinitions();
  private made: TableDefinition | undefined;
  private readonly wanted = new Set<string>();
  private readonly leftOut: string[] = [];
  private rows = 0;
  /** Of the script that was read last, as it says itself. */
  encoding = 'UTF8';

  /** @param backup for messages */
  constructor(
    private readonly session: TableSession,
    private readonly table: QualifiedName,
    private readonly as: QualifiedName,
    private readonly backup: string,
  ) {}

  /** Reads a script of pg_dump, or a piece of one: first what it defines, then rows, then what stands over them. */
  async read(script: Readable): Promise<void> {
    const events = sqlEvents(script);
    this.encoding = 'UTF8';
    let unwanted = false;
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.type === 'rows') {
        if (!unwanted) throw new Error('rows that nobody took');
        continue;
      }
      const text = decodeSql(next.value.text, this.encoding);
      this.encoding = encodingOf(text) ?? this.encoding;
      const rows = readRows(text);
      if (rows) unwanted = !(await this.take(rows, events));
      else this.note(text);
    }
  }

  private note(text: string): void {
    const statement = readDefinition(text);
    if (statement) this.definitions.note(statement);
  }

  /** Answers whether the rows were taken. */
  private async take(statement: RowStatement, events: AsyncIterator<SqlEvent, void, void>): Promise<boolean> {
    if (keyOf(statement.table) !== keyOf(this.table) && !this.made && !this.definitions.has(this.table)) return false;
    await this.make();
    if (!this.wanted.has(keyOf(statement.table))) return false;
    if (statement.type === 'insert') {
      this.rows += await this.session.run(`INSERT INTO ${quotedName(this.as)} ${statement.rest}`);
      return true;
    }
    if (statement.unusual) {
      throw new OperatorError(
        'RESTORE_FAILED',
        `${this.backup} has the rows of ${quotedName(statement.table)} in a form that pg_dump does not write`,
        'Nothing was changed. Restore all of it with --into a new database, and take the table from there.',
      );
    }
    const rows = Readable.from(rowsFrom(events), { objectMode: false });
    this.rows += await this.session.copy(statement.columns, 'text', this.encoding, rows);
    return true;
  }

  /** What the backup says of the table is known now: it is made. Answers with the tables whose rows it takes. */
  async make(): Promise<readonly QualifiedName[]> {
    if (this.made) return this.made.rowsOf;
    const definition = this.definitions.of(this.table);
    if (!definition) {
      throw new OperatorError(
        'USAGE',
        `${this.backup} has no table ${quotedName(this.table)}`,
        'Names are taken as they are, upper and lower case being different, and views are no tables. "respaldo restore --dry-run" shows what a backup holds.',
      );
    }
    await this.session.run(createTable(definition, this.as));
    for (const setting of columnSettings(definition, this.as)) await this.add(setting);
    for (const each of definition.rowsOf) this.wanted.add(keyOf(each));
    this.made = definition;
    return definition.rowsOf;
  }

  /** Takes a part of a parallel backup. */
  async copyPart({ columns, format }: PartFacts, encoding: string, rows: Readable): Promise<number> {
    const copied = await this.session.copy(columns, format, encoding, rows);
    this.rows += copied;
    return copied;
  }

  /** All is read. Adds what stands over the rows, and takes the table out of everybody else's reach. */
  async finish(): Promise<WrittenTable> {
    const rowsOf = await this.make();
    const definition = this.definitions.of(this.table) ?? this.made;
    if (!definition) throw new Error('made without a definition');
    for (const addition of additions(definition, this.as)) await this.add(addition);
    for (const column of definition.columns)
      if (column.serial && !column.notNull)
        await this.session.run(`ALTER TABLE ${quotedName(this.as)} ALTER COLUMN ${quoted(column.name)} DROP NOT NULL`);
    for (const column of sequenceColumns(definition)) await this.setSequence(column);
    if (definition.rowSecurity) await this.session.run(`ALTER TABLE ${quotedName(this.as)} ENABLE ROW LEVEL SECURITY`);
    await this.revokeAll();
    return { rowsOf, rows: this.rows, leftOut: [...definition.leftOut, ...this.leftOut] };
  }

  private async add(addition: { readonly what: string; readonly sql: string }): Promise<void> {
    const reason = await this.session.add(addition);
    if (reason !== undefined) this.leftOut.push(`${addition.what} (${reason})`);
  }

  /** The sequence is the copy's own. It goes on behind the highest value, as the table's own did. */
  private async setSequence(column: string): Promise<void> {
    const [table, name] = [quotedName(this.as), quoted(column)];
    const sequence = `pg_get_serial_sequence(${literal(table)}, ${literal(column)})`;
    await this.add({
      what: `the next value of column ${column}`,
      sql: `SELECT setval(${sequence}, last) FROM (
              SELECT CASE WHEN s.seqincrement < 0 THEN (SELECT min(${name}) FROM ONLY ${table}) ELSE (SELECT max(${name}) FROM ONLY ${table}) END AS last
              FROM pg_sequence s WHERE s.seqrelid = ${sequence}::regclass) AS reached WHERE last IS NOT NULL`,
    });
  }

  /** Default privileges may open new tables to others; who might read the table that is copied is not looked at. */
  private async revokeAll(): Promise<void> {
    const { rows } = await this.session.client.query<{ grantee: string | null }>(
      `SELECT DISTINCT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END AS grantee
       FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = $1::regclass AND a.grantee <> c.relowner`,
      [quotedName(this.as)],
    );
    for (const { grantee } of rows)
      await this.session.run(
        `REVOKE ALL ON ${quotedName(this.as)} FROM ${grantee === null ? 'PUBLIC' : quoted(grantee)}`,
      );
  }
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
