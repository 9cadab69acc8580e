import pg from 'pg';
import type { PageRange } from '../../core/parallel-plan.js';
import { type SqlNames, sqlNames } from '../../core/sql-names.js';
import { type Connection, connect, loseQuickly } from '../postgres/connection.js';
import { sumRows } from '../postgres/fingerprint.js';
import { CopyFrames } from './copy-frames.js';
import { CopyOut, type CopyOutOptions } from './copy-out.js';
import { RoomSocket } from './room-socket.js';

/** The rows to copy: a table's, or those in some of its pages. */
export interface CopySource {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly format: 'binary' | 'text';
  readonly range: PageRange | null;
}

export interface DumpSessionOptions {
  readonly connection: Connection;
  readonly purpose: string;
  /** An exported snapshot; its holder must be alive. */
  readonly snapshot: string;
  /** All tables that are copied, by whomever: locked at once, so that no later lock waits behind a migration that waits for us. */
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
  /** The database's. */
  readonly encoding: string;
  readonly lockTimeoutSeconds: number;
}

/** A session that sees one snapshot and copies tables out of it, in the form that any later PostgreSQL reads. */
export class DumpSession {
  private constructor(
    private readonly client: pg.Client,
    private readonly frames: CopyFrames,
    private readonly names: SqlNames,
  ) {}

  static async open({
    connection,
    purpose,
    snapshot,
    tables,
    encoding,
    lockTimeoutSeconds,
  }: DumpSessionOptions): Promise<DumpSession> {
    const frames = new CopyFrames();
    const names = sqlNames(encoding);
    const client = await connect(connection, purpose, connection.database, () => new RoomSocket(frames.input));
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await client.query(`SET TRANSACTION SNAPSHOT ${pg.escapeLiteral(snapshot)}`);
      await client.query(sessionSettings);
      await client.query(`SET LOCAL lock_timeout = '${lockTimeoutSeconds}s'`);
      if (tables.length > 0)
        await client.query(
          `LOCK TABLE ${tables.map((table) => `ONLY ${names.table(table)}`).join(', ')} IN ACCESS SHARE MODE`,
        );
      return new DumpSession(client, frames, names);
    } catch (error) {
      await client.end().catch(() => {}); // the first error is the one that tells
      throw error;
    }
  }

  /** One at a time: the next may begin when this one's `copied` is settled. */
  copy(source: CopySource, options: Omit<CopyOutOptions, 'client' | 'frames'>): CopyOut {
    return new CopyOut({ ...options, client: this.client, frames: this.frames }, copyOutStatement(source, this.names));
  }

  /** The sum of the hashes of what {@link copy} copies, in decimal. */
  async sumHashes(source: CopySource, hash: string): Promise<string> {
    return (await sumRows(this.client, source, hash, pagesCondition(source.range), this.names)).sum;
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => {}); // it only read
  }
}

/** What would change the form of a value, or end a session that idles, is set to one value everywhere; as pg_dump does. */
const sessionSettings = `
  SELECT set_config('client_encoding', pg_encoding_to_char(encoding), true) FROM pg_database WHERE datname = current_database();
  SELECT ${loseQuickly};
  SELECT set_config(name, value, true) FROM (VALUES
    ('TimeZone', 'UTC'), ('DateStyle', 'ISO'), ('IntervalStyle', 'postgres'), ('extra_float_digits', '3'), ('bytea_output', 'hex'),
    ('search_path', 'pg_catalog'), ('row_security', 'off'), ('synchronize_seqscans', 'off'), ('statement_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'), ('transaction_timeout', '0')
  ) AS wanted(name, value) WHERE EXISTS (SELECT FROM pg_settings s WHERE lower(s.name) = lower(wanted.name))`;

function copyOutStatement(source: CopySource, names: SqlNames): string {
  const columns = source.columns.map(names.identifier).join(', ');
  const { range, format } = source;
  if (!range) return `COPY ${names.table(source)} (${columns}) TO STDOUT (FORMAT ${format})`;
  return `COPY (SELECT ${columns} FROM ONLY ${names.table(source)} WHERE ${pagesCondition(range)}) TO STDOUT (FORMAT ${format})`;
}

function pagesCondition(range: PageRange | null): string {
  if (!range) return 'true';
  return `ctid >= '(${range.from},0)'${range.to === null ? '' : ` AND ctid < '(${range.to},0)'`}`;
}
