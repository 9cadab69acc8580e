import pg from 'pg';
import { OperatorError } from '../../core/errors.js';

export const lockHint =
  'A migration or another long transaction holds it. Run again when it is done, or wait longer with BACKUP_LOCK_TIMEOUT (seconds).';

/** A dump that did not get its locks in time. */
export class LockTimeout extends OperatorError {
  /** @param tables as SQL names them; undefined where it is not known which it was */
  constructor(
    database: string,
    seconds: number,
    readonly tables: readonly string[] | undefined,
    options?: ErrorOptions,
  ) {
    const [one = 'a table', ...others] = tables ?? [];
    const what = others.length > 0 ? 'its tables' : one;
    super(
      'LOCK_TIMEOUT',
      `backup of "${database}" not taken: no lock on ${what} within ${seconds} s`,
      lockHint,
      options,
    );
  }
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
    throw new LockTimeout(database, seconds, tables, { cause });
  }
}
