import pg from 'pg';
import { messageOf, OperatorError, saidBy } from '../../core/errors.js';
import { lockHint } from './lock-timeout.js';

/**
 * Whether an error tells of a session that was ended or never let in, by a crash, a shutdown or a lost connection, and
 * nothing of what was asked. Classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isServerGone(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(?:57P|08)/.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  return (
    lostCodes.has((error as { code?: unknown }).code) ||
    /^(?:Connection terminated|Client has encountered a connection error|Client was closed)/.test(error.message)
  );
}

const lostCodes = new Set<unknown>(['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT']);

/** Turns what the driver throws into an error for people; everything else stays what it is. */
export function serverFailed(error: unknown, database: string): unknown {
  if (error instanceof OperatorError) return error;
  if (isServerGone(error)) {
    return OperatorError.passingOn(
      'SERVER_UNREACHABLE',
      saidBy(error),
      (said) => `the connection to "${database}" was lost: ${said}`,
      'The server ended the session or restarted, or the network broke. Run again.',
      { cause: error },
    );
  }
  if (!(error instanceof pg.DatabaseError)) return error;
  if (error.code === '55P03') {
    const message = `no lock was had in "${database}" in time: ${messageOf(error)}`;
    return new OperatorError('LOCK_TIMEOUT', message, lockHint, { cause: error });
  }
  return OperatorError.passingOn(
    'SOURCE_FAILED',
    saidBy(error),
    (said) => `the server refused a query in "${database}": ${said}`,
    'Nothing was changed. "respaldo doctor" checks what the role may do.',
    { cause: error },
  );
}
