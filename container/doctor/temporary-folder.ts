import { tmpdir } from 'node:os';
import { messageOf, OperatorError } from '../../core/errors.js';
import { currentUser } from '../current-user.js';
import { unnamedFile } from '../streams/unnamed-file.js';
import type { Check } from './check.js';

/** What a backup counts, and a parallel restore's schema, are kept there meanwhile. */
export const temporaryFolderCheck: Check = {
  what: 'temporary folder',
  run: async () => {
    try {
      const file = await unnamedFile('doctor');
      try {
        await file.writeFile('doctor');
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw new OperatorError(
        'SETTINGS_INVALID',
        `${tmpdir()} cannot be written to: ${messageOf(cause)}`,
        `Set TMPDIR to a folder that ${currentUser} may write to; in a container, mount one: --tmpfs /tmp.`,
        { cause },
      );
    }
    return `${tmpdir()} can be written to`;
  },
};
