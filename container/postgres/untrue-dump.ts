import { basename } from 'node:path';
import { OperatorError } from '../../core/errors.js';

/**
 * For a dump that has not what the server has, although the program ended as if all were well.
 *
 * @param program its path
 */
export function untrueDump(program: string, what: string): OperatorError {
  return new OperatorError(
    'SOURCE_FAILED',
    `${basename(program)} ended as if all were well, but ${what}`,
    `Nothing was stored. See whether ${program} is PostgreSQL's own, and install it anew.`,
  );
}
