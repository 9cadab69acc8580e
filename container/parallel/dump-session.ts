import pg from 'pg';
import { type SqlNames, sqlNames } from '../../core/postgres/sql-names.js';
import type { Connection } from '../postgres/connection.js';
import { connect, loseQuickly } from '../postgres/open-session.js';
import { CopyFrames } from './copy-frames.js';
import { CopyOut, type CopyOutOptions } from './copy-out.js';
import { type CopySource, copyOutStatement, prepareCopies } from './copy-source.js';
import { RoomSocket } from './room-socket.js';

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
      await client.query(`SELECT ${loseQuickly}`);
      await prepareCopies(client, encoding);
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

  async close(): Promise<void> {
    await this.client.end().catch(() => {}); // it only read
  }

  /** Says goodbye, and does not wait until the server's process is gone too: nothing comes after this one. */
  leave(): void {
    this.client.end().catch(() => {}); // it only read
    (this.client as pg.Client & Unreferable).unref();
  }
}

/** Clients are; the types of pg leave it out. */
interface Unreferable {
  unref(): void;
}
