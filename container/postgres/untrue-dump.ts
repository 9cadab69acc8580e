import { OperatorError } from '../../core/errors.js';

/** For a dump that has not what the database has, although pg_dump ended as if all were well. */
export function untrueDump(pgDump: string, what: string): OperatorError {
  return new OperatorError(
    'SOURCE_FAILED',
    `pg_dump ended as if all were well, but ${what}`,
    `Nothing was stored. See whether ${pgDump} is PostgreSQL's own, and install it anew.`,
  );
}
