import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { messageOf, OperatorError, saidBy } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { ownSession, type ServerSession, untilSessionIsGone } from './look-again.js';
import { isServerGone } from './server-errors.js';

const id = pg.escapeIdentifier;

export interface SwapNames {
  /** The running database's name, which the restored one takes. */
  readonly live: string;
  readonly restored: string;
  /** What the running one is called from then on; undefined where there is none. */
  readonly kept: string | undefined;
}

/** The ways to the server that a swap takes, all in another database. */
export interface SwapSessions {
  readonly renamer: pg.Client;
  readonly ender: pg.Client;
  /** Asks in a new session, where the renamer is lost. */
  again<T>(look: (client: pg.Client) => Promise<T>): Promise<T>;
}

/**
 * Puts a restored database in the place of the running one: two renames in one transaction, so that at every moment the
 * name leads to the one or the other. The rename locks the running database against new sessions while a second
 * connection ends the ones that are there. Where the connection is lost meanwhile, the server is asked which of the two
 * it was.
 *
 * @throws OperatorError SWAP_FAILED; then nothing was renamed, or it says that this cannot be told
 */
export async function swapDatabases(sessions: SwapSessions, names: SwapNames, log: Log): Promise<void> {
  const { renamer, ender } = sessions;
  const { live, restored, kept } = names;
  const session = await ownSession(renamer);
  const oid = await oidOf(renamer, restored);
  const ending = new AbortController();
  const ended = kept === undefined ? Promise.resolve() : endSessions(ender, live, ending.signal);
  try {
    await renamer.query('BEGIN');
    if (kept !== undefined) await renamer.query(`ALTER DATABASE ${id(live)} RENAME TO ${id(kept)}`);
    await renamer.query(`ALTER DATABASE ${id(restored)} RENAME TO ${id(live)}`);
    await renamer.query('COMMIT');
  } catch (error) {
    if (isServerGone(error)) {
      if (await isSwapped(sessions, session, names, oid, error)) {
        log.warn(`the connection was lost in the moment of the swap, and the server has done it: ${messageOf(error)}`);
        return;
      }
    } else await renamer.query('ROLLBACK').catch(() => {}); // the session is gone, and with it the transaction
    const complete = restored.replace('_restoring_', '_restored_');
    const rename = (client: pg.Client) => client.query(`ALTER DATABASE ${id(restored)} RENAME TO ${id(complete)}`);
    // Under this name the next restore does not take it for one that was interrupted.
    const renamed = await (isServerGone(error) ? sessions.again(rename) : rename(renamer)).then(
      () => complete,
      () => restored,
    );
    const others = await sessionsOf(ender, live);
    const named = others.length > 0 ? `\n  in "${live}": ${others.join('\n  ')}` : '';
    throw OperatorError.passingOn(
      'SWAP_FAILED',
      saidBy(error),
      (said) =>
        `the restored database "${renamed}" is complete, but could not take the place of "${live}": ${said}${named}`,
      `"${live}" is as it was. Stop the application${others.length > 0 ? ' and what is named above' : ''}, then as the owner: ${renameStatements({ ...names, restored: renamed })}`,
      { cause: error },
    );
  } finally {
    ending.abort();
    await ended;
  }
}

/** Those that could not be ended: a superuser's, or anybody's where the role may end only its own. */
async function sessionsOf(client: pg.Client, database: string): Promise<string[]> {
  const { rows } = await client
    .query<{ pid: number; user: string | null; application: string | null }>(
      `SELECT pid, usename AS user, nullif(application_name, '') AS application FROM pg_stat_activity
       WHERE datname = $1 AND pid <> pg_backend_pid() ORDER BY backend_start LIMIT 5`,
      [database],
    )
    .catch(() => ({ rows: [] })); // this session is lost, too
  return rows.map(({ pid, user, application }) => {
    const facts = [user && `user "${user}"`, application && `application "${application}"`].filter(Boolean);
    return `server process ${pid}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
  });
}

async function oidOf(client: pg.Client, name: string): Promise<number | undefined> {
  const { rows } = await client.query<{ oid: number }>('SELECT oid FROM pg_database WHERE datname = $1', [name]);
  return rows[0]?.oid;
}

/** Whether the lost session has committed. Only asked once it is gone, so the answer stays right. */
async function isSwapped(
  { again }: SwapSessions,
  session: ServerSession,
  names: SwapNames,
  oid: number | undefined,
  lost: unknown,
): Promise<boolean> {
  const { live, kept, restored } = names;
  try {
    return await again(async (client) => {
      await untilSessionIsGone(client, session);
      return (await oidOf(client, live)) === oid;
    });
  } catch (cause) {
    const swapped = kept === undefined ? 'the swap is done' : `the swap is done and "${kept}" is the one before`;
    throw new OperatorError(
      'SWAP_FAILED',
      `the connection was lost in the moment of the swap (${messageOf(lost)}), and whether "${live}" is the restored database or the one before cannot be told: ${messageOf(cause)}`,
      `Look for yourself: SELECT datname FROM pg_database WHERE oid = ${oid}. If it says "${live}", ${swapped}; if "${restored}", nothing has changed, and these finish it: ${renameStatements(names)}`,
      { cause },
    );
  }
}

/** The statements that swap by hand. */
function renameStatements({ live, restored, kept }: SwapNames): string {
  const away = kept === undefined ? '' : `ALTER DATABASE ${id(live)} RENAME TO ${id(kept)}; `;
  return `${away}ALTER DATABASE ${id(restored)} RENAME TO ${id(live)};`;
}

/**
 * Ends the sessions of a database again and again until told to stop; what it may not end, the rename reports. What kind
 * of session another role's is, only members of pg_read_all_stats see, so every kind is meant.
 */
async function endSessions(client: pg.Client, database: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { rows } = await client
      .query<{ pid: number }>('SELECT pid FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()', [
        database,
      ])
      .catch(() => ({ rows: [] })); // this session is lost: then the rename fails, and says who was in its way
    for (const { pid } of rows) {
      await client.query('SELECT pg_terminate_backend($1)', [pid]).catch(() => {}); // no right to: the rename reports it
    }
    await delay(50, undefined, { signal }).catch(() => {}); // aborted: the loop ends
  }
}
