import type pg from 'pg';
import { messageOf, OperatorError } from '../../core/errors.js';

/** Whether what is held is still held. */
export interface WatchedHolds {
  /** Aborted, with what to tell, as soon as one of the sessions is lost. */
  readonly signal: AbortSignal;
  /**
   * Asks the server, for the moment before something that cannot be taken back.
   *
   * @throws the reason of the signal
   */
  assertHeld(): Promise<void>;
  /** From now on they may end. */
  readonly stop: () => void;
}

/**
 * Watches the sessions that hold a database. With them ends the hold, and another run may be at work from that moment
 * on: what is done under it has to end, too.
 */
export function watchHolds(sessions: readonly pg.Client[], database: string): WatchedHolds {
  const lost = new AbortController();
  let watching = true;
  const lose = (cause: unknown) => {
    if (watching && !lost.signal.aborted) lost.abort(holdLost(database, cause));
  };
  for (const session of sessions) {
    session.on('error', lose);
    session.on('end', () => lose(new Error('the connection was closed')));
  }
  return {
    signal: lost.signal,
    assertHeld: async () => {
      await Promise.all(sessions.map((session) => session.query('SELECT 1'))).catch(lose);
      lost.signal.throwIfAborted();
    },
    stop: () => {
      watching = false;
    },
  };
}

function holdLost(database: string, cause: unknown): OperatorError {
  return new OperatorError(
    'SERVER_UNREACHABLE',
    `the session that held database "${database}" for this restore was lost: ${messageOf(cause)}`,
    'Nothing was changed: without it another run could have begun meanwhile. Run again.',
    { cause },
  );
}
