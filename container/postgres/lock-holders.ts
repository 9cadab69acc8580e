import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import { describeHolder, type LockHolder } from '../../core/postgres/lock-holder.js';
import type { Connection } from './connection.js';
import { LockTimeout, type WantedLock } from './lock-timeout.js';
import { withSession } from './open-session.js';

/**
 * Names who holds what was waited for, where the server tells; any other error, and one that nothing is known of, stays
 * what it is.
 *
 * @param database where it was waited for
 */
export async function withHolders(
  error: unknown,
  connection: Connection,
  database = connection.database,
): Promise<unknown> {
  if (!(error instanceof OperatorError && error.code === 'LOCK_TIMEOUT')) return error;
  const { wanted = 'to read', tables } = error instanceof LockTimeout ? error : {};
  const holders = await lockHolders(connection, database, wanted, tables).catch(() => []); // the timeout itself is the news
  if (holders.length === 0) return error;
  const more = holders.length > 3 ? `\n  and ${holders.length - 3} more` : '';
  const held = `held by:\n  ${holders.slice(0, 3).map(describeHolder).join('\n  ')}${more}`;
  const pid = (holders[0]?.waitsFor[0] ?? holders[0])?.pid;
  const ending = pid === undefined ? '' : ` To end what is in the way: SELECT pg_terminate_backend(${pid}).`;
  return new OperatorError('LOCK_TIMEOUT', `${error.message}, ${held}`, `${error.hint}${ending}`, { cause: error });
}

interface Row {
  readonly pid: number | null;
  readonly prepared: string | null;
  readonly table: string;
  readonly user: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly seconds: number | null;
  readonly query: string | null;
  readonly behind: readonly number[];
}

const session = `a.usename AS "user", nullif(a.application_name, '') AS application, coalesce(a.state, nullif(a.backend_type, 'client backend')) AS state,
  extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared))::float8 AS seconds, a.query`;

/**
 * Sessions that hold a lock that is in the way, or wait for the one that keeps all others out. The longest first, those
 * that hold before those that wait.
 */
async function lockHolders(
  connection: Connection,
  database: string,
  wanted: WantedLock,
  tables: readonly string[] | undefined,
): Promise<LockHolder[]> {
  const ask = async (client: pg.Client) => {
    const { rows } = await client.query<Row>(
      `SELECT l.pid, p.gid AS prepared, l.relation::regclass::text AS table, ${session},
              CASE WHEN l.granted THEN '{}' ELSE pg_blocking_pids(l.pid) END AS behind
       FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
       LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.granted
         AND x.virtualtransaction = l.virtualtransaction
       LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
       WHERE l.locktype = 'relation' AND (l.mode = 'AccessExclusiveLock' OR $2 = 'alone' AND l.granted)
         AND l.pid IS DISTINCT FROM pg_backend_pid() AND a.application_name IS DISTINCT FROM 'respaldo psql'
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND EXISTS (SELECT FROM pg_class c WHERE c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ($2 <> 'alone' OR c.oid >= 16384))
         AND ($1::text[] IS NULL OR l.relation = ANY (SELECT to_regclass(name) FROM unnest($1::text[]) AS name))
       ORDER BY l.granted DESC, coalesce(a.xact_start, p.prepared)`,
      [tables ?? null, wanted],
    );
    const { rows: blocking } = await client.query<Row>(
      `SELECT a.pid, ${session}, '{}'::int[] AS behind
       FROM pg_stat_activity a LEFT JOIN pg_prepared_xacts p ON false WHERE a.pid = ANY ($1::int[]) ORDER BY a.xact_start`,
      [rows.flatMap(({ behind }) => behind)],
    );
    const holder = (row: Row, table: string): LockHolder => ({
      pid: row.pid ?? undefined,
      prepared: row.prepared ?? undefined,
      table,
      user: row.user ?? undefined,
      application: row.application ?? undefined,
      state: row.state ?? undefined,
      seconds: row.seconds ?? undefined,
      query: row.query ?? undefined,
      waitsFor: blocking.filter(({ pid }) => pid !== null && row.behind.includes(pid)).map((one) => holder(one, table)),
    });
    const seen = new Set<number | string | null>();
    // One that holds many tables is told once.
    const once = rows.filter(({ pid, prepared }) => !seen.has(pid ?? prepared) && seen.add(pid ?? prepared));
    return once.map((row) => holder(row, row.table));
  };
  return withSession(connection, 'looking for what holds a lock', ask, database);
}
