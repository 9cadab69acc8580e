import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';

/**
 * How many more sessions this role may open in this database now, by the server's, the database's and the role's limits.
 * Others may come and go meanwhile: a hint, not a promise. What kind of session another role's is, only members of
 * pg_read_all_stats see.
 */
export async function freeSessions(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ free: number }>(
    `WITH limits AS (
       SELECT d.datconnlimit AS of_database, r.rolconnlimit AS of_role, r.rolsuper AS super,
              current_setting('max_connections')::int - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int END AS of_server
       FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user),
     used AS (SELECT count(*) AS server, count(*) FILTER (WHERE datname = current_database()) AS database, count(*) FILTER (WHERE usename = current_user) AS role
              FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL AND datname IS NOT NULL)
     SELECT least(of_server - used.server,
                  CASE WHEN of_database < 0 OR super THEN 2147483647 ELSE of_database - used.database END,
                  CASE WHEN of_role < 0 OR super THEN 2147483647 ELSE of_role - used.role END)::int AS free
     FROM limits, used`,
  );
  return Math.max(0, rows[0]?.free ?? 0);
}

/**
 * Refuses a connection pooler: it may give each transaction another session, so neither a snapshot nor a lock can be
 * relied on. A pooler makes up the process id that a session begins with; a server tells its own.
 *
 * @throws OperatorError POOLER_BETWEEN
 */
export async function assertDirect(client: pg.Client, database: string): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const told = (client as { readonly processID?: number | null }).processID;
  if (told === undefined || told === null || rows[0]?.pid === told) return;
  throw new OperatorError(
    'POOLER_BETWEEN',
    `backup of "${database}" not taken: a connection pooler stands between here and the server`,
    'Give DATABASE_URL the server’s own host and port: many sessions have to share one snapshot, which poolers take apart.',
  );
}
