import type pg from 'pg';
import type { PageRange } from '../../core/parallel/plan.js';
import type { SqlNames } from '../../core/postgres/sql-names.js';

/** The rows to copy: a table's, or those in some of its pages. */
export interface CopySource {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly format: 'binary' | 'text';
  readonly range: PageRange | null;
}

const settings = `
  SELECT set_config(name, value, true) FROM (VALUES
    ('TimeZone', 'UTC'), ('DateStyle', 'ISO'), ('IntervalStyle', 'postgres'), ('extra_float_digits', '3'), ('bytea_output', 'hex'),
    ('search_path', 'pg_catalog'), ('row_security', 'off'), ('synchronize_seqscans', 'off'), ('statement_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'), ('transaction_timeout', '0')
  ) AS wanted(name, value) WHERE EXISTS (SELECT FROM pg_settings s WHERE lower(s.name) = lower(wanted.name))`;

/**
 * What would change the form of a value, or end a session that idles, is set to one value everywhere, as pg_dump does;
 * until the transaction ends.
 *
 * @param encoding what the rows are to be sent in: that of the database that is or was dumped
 */
export async function prepareCopies(client: pg.Client, encoding: string): Promise<void> {
  await client.query(settings);
  await client.query("SELECT set_config('client_encoding', $1, true)", [encoding]);
}

/** The COPY that sends a part. A range of pages wants PostgreSQL 14, or each part reads the whole table. */
export function copyOutStatement(source: CopySource, names: SqlNames): string {
  const columns = source.columns.map(names.identifier).join(', ');
  const { range, format } = source;
  if (!range) return `COPY ${names.table(source)} (${columns}) TO STDOUT (FORMAT ${format})`;
  return `COPY (SELECT ${columns} FROM ONLY ${names.table(source)} WHERE ${pagesCondition(range)}) TO STDOUT (FORMAT ${format})`;
}

function pagesCondition({ from, to }: PageRange): string {
  return `ctid >= '(${from},0)'${to === null ? '' : ` AND ctid < '(${to},0)'`}`;
}
