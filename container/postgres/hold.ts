import { createHash } from 'node:crypto';
import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';

/** The first half of the advisory lock's key: "resp" in ASCII. */
const lockClass = 0x72657370;

/**
 * Holds a target for this transaction with an advisory lock of the server: it works across machines, and it ends with
 * the session, so a killed run holds nothing.
 *
 * @throws OperatorError BUSY naming the run that holds it
 */
export async function holdTarget(client: pg.Client, database: string, target: string): Promise<void> {
  const key = createHash('sha256').update(target).digest().readInt32BE(0);
  const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_xact_lock($1, $2) AS held', [
    lockClass,
    key,
  ]);
  if (rows[0]?.held) return;
  const holder = await client.query<{ pid: number; name: string; since: string; host: string }>(
    `SELECT l.pid, coalesce(nullif(a.application_name, ''), 'another run') AS name,
            to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') AS since,
            coalesce(host(a.client_addr), 'the server itself') AS host
     FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.classid = $1::bigint::oid AND l.objid = (($2::bigint + 4294967296) % 4294967296)::oid`,
    [lockClass, key],
  );
  const { pid, name, since, host } = holder.rows[0] ?? {};
  throw new OperatorError(
    'BUSY',
    `database "${database}"${target === '' ? '' : ` (target ${target})`} is held by ${name ?? 'another run'}${pid ? `, since ${since}, from ${host}, server process ${pid}` : ''}`,
    pid ? `Wait for it, or end it: SELECT pg_terminate_backend(${pid}).` : 'It has just ended: run again.',
  );
}
