import { tmpdir } from 'node:os';
import { unusable } from '../scratch-folder.js';
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
      throw unusable(cause);
    }
    return `${tmpdir()} can be written to`;
  },
};
