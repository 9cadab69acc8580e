import type pg from 'pg';
import type { ServerVersion } from './clients.js';
import type { Connection } from './connection.js';

/** The major that can be told to leave event triggers alone, and the first that has some for logins. */
export const eventTriggersFrom = 17;

/**
 * The same connection, with sessions that no event trigger is fired for, where the role may say so. One that notes each
 * login in a table would write into the restored database before it is compared; one that fails would keep us out.
 * https://www.postgresql.org/docs/17/event-trigger-database-login-example.html
 */
export async function withoutEventTriggers(
  client: pg.Client,
  { major }: ServerVersion,
  connection: Connection,
): Promise<Connection> {
  if (major < eventTriggersFrom) return connection;
  const { rowCount } = await client.query("SELECT WHERE has_parameter_privilege('event_triggers', 'SET')");
  if (rowCount === 0) return connection;
  const PGOPTIONS = `${connection.libpq.PGOPTIONS ?? ''} -c event_triggers=off`.trim();
  return { ...connection, libpq: { ...connection.libpq, PGOPTIONS } };
}
