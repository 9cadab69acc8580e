import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { OperatorError, saidBy } from '../../core/errors.js';

const id = pg.escapeIdentifier;

export interface SwapNames {
  /** The running database's name, which the restored one takes. */
  readonly live: string;
  readonly restored: string;
  /** What the running one is called from then on; undefined where there is none. */
  readonly kept: string | undefined;
}

/**
 * Puts a restored database in the place of the running one: two renames in one transaction, so that at every moment the
 * name leads to the one or the other. The rename locks the running database against new sessions while a second
 * connection ends the ones that are there.
 *
 * @param renamer and ender: two sessions in another database
 * @throws OperatorError SWAP_FAILED; then nothing was renamed
 */
export async function swapDatabases(renamer: pg.Client, ender: pg.Client, names: SwapNames): Promise<void> {
  const { live, restored, kept } = names;
  const ending = new AbortController();
  const ended = kept === undefined ? Promise.resolve() : endSessions(ender, live, ending.signal);
  try {
    await renamer.query('BEGIN');
    if (kept !== undefined) await renamer.query(`ALTER DATABASE ${id(live)} RENAME TO ${id(kept)}`);
    await renamer.query(`ALTER DATABASE ${id(restored)} RENAME TO ${id(live)}`);
    await renamer.query('COMMIT');
  } catch (error) {
    await renamer.query('ROLLBACK').catch(() => {}); // the session is gone, and with it the transaction
    const complete = restored.replace('_restoring_', '_restored_');
    // Under this name the next restore does not take it for one that was interrupted.
    const renamed = await renamer.query(`ALTER DATABASE ${id(restored)} RENAME TO ${id(complete)}`).then(
      () => complete,
      () => restored,
    );
    throw OperatorError.passingOn(
      'SWAP_FAILED',
      saidBy(error),
      (said) => `the restored database "${renamed}" is complete, but could not take the place of "${live}": ${said}`,
      `"${live}" is as it was. Stop the application, then as the owner: ${renameStatements({ ...names, restored: renamed })}`,
      { cause: error },
    );
  } finally {
    ending.abort();
    await ended;
  }
}

/** The statements that swap by hand. */
export function renameStatements({ live, restored, kept }: SwapNames): string {
  const away = kept === undefined ? '' : `ALTER DATABASE ${id(live)} RENAME TO ${id(kept)}; `;
  return `${away}ALTER DATABASE ${id(restored)} RENAME TO ${id(live)};`;
}

/** Ends the sessions of a database again and again until told to stop; what it may not end, the rename reports. */
async function endSessions(client: pg.Client, database: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { rows } = await client
      .query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
        [database],
      )
      .catch(() => ({ rows: [] })); // this session is lost: then the rename fails, and says who was in its way
    for (const { pid } of rows) {
      await client.query('SELECT pg_terminate_backend($1)', [pid]).catch(() => {}); // no right to: the rename reports it
    }
    await delay(50, undefined, { signal }).catch(() => {}); // aborted: the loop ends
  }
}
