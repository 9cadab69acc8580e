import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, OperatorError } from '../core/errors.js';
import { currentUser } from './current-user.js';

/**
 * A new folder in the temporary one, for this user alone. Who makes it removes it.
 *
 * @throws OperatorError SETTINGS_INVALID
 */
export async function scratchFolder(purpose: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), `respaldo-${purpose}-`));
  } catch (cause) {
    throw unusable(cause);
  }
}

/** Of the temporary folder. */
export function unusable(cause: unknown): OperatorError {
  return new OperatorError(
    'SETTINGS_INVALID',
    `${tmpdir()} cannot be written to: ${messageOf(cause)}`,
    `Set TMPDIR to a folder that ${currentUser} may write to; in a container, mount one: --tmpfs /tmp.`,
    { cause },
  );
}
