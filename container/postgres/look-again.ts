import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Connection } from './connection.js';
import { withSession } from './open-session.js';

/** How long a server may be away, for a restart or behind a broken network, and be asked all the same. */
const patience = 60_000;

/**
 * Asks a server anew whose session was lost: whether something was done is in its hands, not in the lost answer.
 *
 * @throws the last attempt's error
 */
export async function lookAgain<T>(
  connection: Connection,
  database: string,
  look: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const until = performance.now() + patience;
  for (;;) {
    try {
      return await withSession(connection, 'restore, looking again', look, database);
    } catch (error) {
      if (performance.now() > until) throw error;
      await delay(1_000);
    }
  }
}

/** A session as the server knows it: its process, and when that began, because numbers are given again. */
export interface ServerSession {
  readonly pid: number;
  readonly since: string;
}

/** By which another session can look for this one after it was lost. */
export async function ownSession(client: pg.Client): Promise<ServerSession> {
  const { rows } = await client.query<ServerSession>(
    'SELECT pid, backend_start::text AS since FROM pg_stat_activity WHERE pid = pg_backend_pid()',
  );
  return rows[0] as ServerSession;
}

/**
 * Ends what is left of a lost session, and waits until it has: what it was told last is done by then, or will never be.
 * A commit that is on its way is not broken off by that.
 */
export async function untilSessionIsGone(client: pg.Client, { pid, since }: ServerSession): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2::timestamptz',
      [pid, since],
    );
    if (rowCount === 0) return;
    await delay(100);
  }
}
