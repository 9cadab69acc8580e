import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import type { Connection } from './connection.js';
import { holdTarget } from './hold.js';
import { withHolders } from './lock-holders.js';
import { connect } from './open-session.js';
import { serverFailed } from './server-errors.js';
import { withoutTimeouts } from './timeouts.js';

/** One consistent state of a database, held open by a session for others to read. */
export interface Snapshot {
  /** For `pg_dump --snapshot` and `SET TRANSACTION SNAPSHOT`. */
  readonly id: string;
  /** The session that holds it. Queries here see exactly what every importer of the snapshot sees. */
  readonly client: pg.Client;
}

/**
 * Holds a snapshot open while `use` runs. The same transaction holds the target against a second run; both holds end
 * with the session, however this process ends.
 *
 * @throws OperatorError BUSY where another run holds the target, SNAPSHOT_LOST where the session was cut off
 */
export async function withSnapshot<T>(
  connection: Connection,
  target: string,
  purpose: string,
  use: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const client = await connect(connection, purpose);
  let lost: Error | undefined;
  client.on('error', (error) => {
    lost ??= error;
  });
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // The session idles while pg_dump works: nothing may end it for that.
    await client.query(withoutTimeouts('transaction'));
    await client.query('SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off');
    await holdTarget(client, connection.database, target);
    const { rows } = await client.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    return await use({ id: rows[0]?.id ?? '', client });
  } catch (error) {
    if (!lost) throw await withHolders(serverFailed(error, connection.database), connection);
    throw new OperatorError(
      'SNAPSHOT_LOST',
      `the session that held the snapshot of "${connection.database}" was lost: ${lost.message}`,
      /conflict with recovery/.test(lost.message)
        ? 'On a standby, replay ends sessions that it has to wait for: set hot_standby_feedback = on, or a larger max_standby_streaming_delay, or back the primary up.'
        : 'Someone ended it (pg_terminate_backend), the server restarted, or the network broke. Run again.',
      { cause: error },
    );
  } finally {
    await client.end().catch(() => {}); // nothing was written, so nothing can be lost with it
  }
}
