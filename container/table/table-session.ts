import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { messageOf, OperatorError, saidBy } from '../../core/errors.js';
import { type Addition, copyIntoTable } from '../../core/table/beside.js';
import { type QualifiedName, quotedName } from '../../core/table/tokens.js';
import type { Connection } from '../postgres/connection.js';
import { connect, loseQuickly, withSession } from '../postgres/open-session.js';
import { noticeSwallowing } from '../postgres/unacknowledged.js';

/**
 * The one transaction that a table comes back in: until it is committed nobody sees anything of the table, and whatever
 * ends the session leaves nothing behind.
 */
export class TableSession {
  private encoding = 'UTF8';

  private constructor(
    readonly client: pg.Client,
    private readonly connection: Connection,
    private readonly as: QualifiedName,
  ) {}

  static async open(
    connection: Connection,
    purpose: string,
    as: QualifiedName,
    lockTimeoutSeconds: number,
  ): Promise<TableSession> {
    const client = await connect(connection, purpose);
    const session = new TableSession(client, connection, as);
    try {
      await client.query(`SELECT ${loseQuickly}`);
      await noticeSwallowing(client);
      await client.query('BEGIN');
      // A server that can look for its client while it builds an index gives up with it (from 14 on).
      await client.query(
        `SELECT set_config(name, value, true) FROM (VALUES
           ('client_encoding', 'UTF8'), ('search_path', 'pg_catalog'), ('standard_conforming_strings', 'on'),
           ('statement_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('lock_timeout', $1),
           ('client_connection_check_interval', '5s'), ('transaction_timeout', '0')
         ) AS wanted(name, value) WHERE EXISTS (SELECT FROM pg_settings s WHERE s.name = wanted.name)`,
        [`${lockTimeoutSeconds}s`],
      );
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Without a commit before, everything is undone. A statement that is under way is not waited for. */
  async close(): Promise<void> {
    await this.client.end().catch(() => {}); // the server ends the transaction by itself
  }

  /** @param sql one statement: a second one, which a forged dump may hide in a parenthesis, is refused by the protocol */
  async run(sql: string): Promise<number> {
    const statement: pg.QueryConfig & { queryMode: 'extended' } = { text: sql, values: [], queryMode: 'extended' };
    return (await this.client.query(statement)).rowCount ?? 0;
  }

  /** Adds what the table can do without. Answers with the server's reason where it refuses. */
  async add({ sql }: Addition): Promise<string | undefined> {
    await this.run('SAVEPOINT addition');
    try {
      await this.run(sql);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || isInterruption(error)) throw error;
      await this.run('ROLLBACK TO addition');
      await this.run('RELEASE addition');
      return messageOf(error);
    }
    await this.run('RELEASE addition');
    return undefined;
  }

  /** @param encoding what the rows' text is in */
  async copy(
    columns: readonly string[] | undefined,
    format: 'binary' | 'text',
    encoding: string,
    rows: Readable,
  ): Promise<number> {
    await this.speak(encoding);
    const sink = this.client.query(copyFrom(copyIntoTable(this.as, columns, format)));
    await pipeline(rows, sink);
    await this.speak('UTF8');
    return sink.rowCount ?? 0;
  }

  private async speak(encoding: string): Promise<void> {
    if (encoding === this.encoding) return;
    await this.run(`SET LOCAL client_encoding TO ${pg.escapeLiteral(encoding)}`);
    this.encoding = encoding;
  }

  /** Where the connection is lost in this very moment, the server is asked whether it has committed. */
  async commit(): Promise<void> {
    const { rows } = await this.client.query<{ pid: number; oid: string }>(
      'SELECT pg_backend_pid() AS pid, $1::regclass::oid::text AS oid',
      [quotedName(this.as)],
    );
    try {
      await this.client.query('COMMIT');
    } catch (error) {
      if (error instanceof pg.DatabaseError || !(await this.wasCommitted(rows[0]?.pid, rows[0]?.oid))) throw error;
    }
  }

  private async wasCommitted(pid: number | undefined, oid: string | undefined): Promise<boolean> {
    return withSession(this.connection, 'restore, asking for its commit', async (client) => {
      for (let look = 0; look < 100; look += 1) {
        const { rowCount } = await client.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid]);
        if (rowCount === 0) break;
        await delay(100);
      }
      return (await client.query('SELECT FROM pg_class WHERE oid = $1', [oid])).rowCount === 1;
    });
  }
}

/** Canceled, shut down, out of resources: nothing that another statement would get around. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isInterruption({ code = '' }: pg.DatabaseError): boolean {
  return /^(?:08|53|57|58|XX)/.test(code);
}

/** Somebody else is about to make something of the same name, and was waited for. */
function isLockTimeout({ code }: pg.DatabaseError): boolean {
  return code === '55P03';
}

/** What the server says against the table, for people; everything else stays what it is. */
export function tableRefused(error: unknown, as: QualifiedName): unknown {
  if (!(error instanceof pg.DatabaseError) || isInterruption(error) || isLockTimeout(error)) return error;
  const name = `${as.schema}.${as.name}`;
  const options = { cause: error };
  if (error.code === '42P07' || error.code === '42710')
    return new OperatorError('USAGE', `"${name}" was taken meanwhile: ${messageOf(error)}`, takenHint(as), options);
  return OperatorError.passingOn(
    'RESTORE_FAILED',
    saidBy(error),
    (said) => `the server refused table "${name}": ${said}`,
    'Nothing was changed. If types or functions that the table needs are gone from this database, restore into a new one: --into NAME.',
    options,
  );
}

/** What to do where the name is not free. */
export function takenHint(as: QualifiedName): string {
  return `Give another name with --as NAME, or drop that one first if you no longer need it: DROP TABLE ${quotedName(as)}.`;
}
