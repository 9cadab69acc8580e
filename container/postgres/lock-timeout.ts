import pg from 'pg';
import { OperatorError } from '../../core/errors.js';

export const lockHint =
  'A migration or another long transaction holds it. Run again when it is done, or wait longer with BACKUP_LOCK_TIMEOUT (seconds).';

/** How a table was to be locked: to read it, which only changes of its definition keep from; or from everybody. */
export type WantedLock = 'to read' | 'alone';

/** Locks that were not had in time. */
export class LockTimeout extends OperatorError {
  /** @param tables as SQL names them; undefined where it is not known which it was */
  constructor(
    message: string,
    hint: string,
    readonly wanted: WantedLock,
    readonly tables: readonly string[] | undefined,
    options?: ErrorOptions,
  ) {
    super('LOCK_TIMEOUT', message, hint, options);
  }
}

/** Of a dump. */
export function dumpTimeout(
  database: string,
  seconds: number,
  tables: readonly string[] | undefined,
  options?: ErrorOptions,
): LockTimeout {
  const [one = 'a table', ...others] = tables ?? [];
  const what = others.length > 0 ? 'its tables' : one;
  const message = `backup of "${database}" not taken: no lock on ${what} within ${seconds} s`;
  return new LockTimeout(message, lockHint, 'to read', tables, options);
}

/** Of a restore in place, which needs every table for itself. */
export function inPlaceTimeout(database: string, seconds: number): LockTimeout {
  return new LockTimeout(
    `restore into "${database}" not done: its tables were not to be had alone within ${seconds} s`,
    'The database is as it was. Stop what uses it and run again, or wait longer with BACKUP_LOCK_TIMEOUT (seconds).',
    'alone',
    undefined,
  );
}

/** Whether a program of PostgreSQL's tells of a lock that it did not get in time. */
export function tellsOfLockTimeout(stderr: string): boolean {
  return /canceling statement due to lock timeout/.test(stderr);
}

/** The tables of a LOCK statement that pg_dump tells of. Undefined where its end has not been kept. */
export function lockedTables(stderr: string): string[] | undefined {
  const list = /LOCK TABLE (.+?) IN ACCESS SHARE MODE/s.exec(stderr)?.[1];
  // ONLY is of pg_dump's, for partitioned tables.
  return list?.match(/(?:"(?:[^"]|"")*"|[^,\s"])+/g)?.filter((word) => word !== 'ONLY');
}

/**
 * Does something with the server that its lock_timeout may end.
 *
 * @throws LockTimeout then; whatever else is thrown stays what it is
 */
export async function lockTimeoutOf<T>(
  database: string,
  seconds: number,
  tables: readonly string[] | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError && cause.code === '55P03')) throw cause;
    throw dumpTimeout(database, seconds, tables, { cause });
  }
}
