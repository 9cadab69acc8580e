import type { Connection } from './connection.js';
import { withSession } from './open-session.js';

/**
 * Whether a session of respaldo's has the server at work: a query, an index that is built, a lock that is waited for. One
 * that waits for its client, to read from it or to write to it, has not; nor has one that waits for all other sessions,
 * as DROP DATABASE does: it may be the silent one that it waits for.
 */
export async function isServerAtWork(connection: Connection, database: string): Promise<boolean> {
  return withSession(
    connection,
    'looking for work',
    async (client) => {
      const { rowCount } = await client.query(
        `SELECT FROM pg_stat_activity
         WHERE application_name LIKE 'respaldo%' AND usename = current_user AND pid <> pg_backend_pid()
           AND state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' AND wait_event IS DISTINCT FROM 'ProcSignalBarrier'`,
      );
      return (rowCount ?? 0) > 0;
    },
    database,
  );
}
