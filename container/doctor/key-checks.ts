import { Readable } from 'node:stream';
import { OperatorError } from '../../core/errors.js';
import type { Manifest } from '../../core/manifest.js';
import type { Run } from '../run.js';
import { decryptor, encryptor } from '../streams/encrypt.js';
import { runPipe } from '../streams/pipe.js';
import { type Check, warn } from './check.js';

/** Whether backups can be encrypted, and whether this machine could decrypt them again. */
export function keyChecks({ settings, signal }: Run): Check[] {
  if (settings.BACKUP_AGE_RECIPIENTS.length === 0 && settings.BACKUP_GPG_RECIPIENTS.length === 0) return [];
  return [
    {
      what: 'encryption',
      run: async () => {
        const seal = await encryptor(settings);
        if (!seal) return 'not needed';
        await runPipe([seal.command], { input: Readable.from([Buffer.from('x')]), signal });
        return `${seal.method} to ${seal.recipients.join(', ')}`;
      },
    },
    {
      what: 'decryption',
      run: async () => {
        const seal = await encryptor(settings);
        if (!seal) return 'not needed';
        const recipients: Manifest['encryption']['recipients'] = [...seal.recipients];
        try {
          await decryptor(seal.method, recipients, settings);
          return 'the key is here';
        } catch (error) {
          if (!(error instanceof OperatorError && error.code === 'KEY_MISSING')) throw error;
          return warn('the key is not here: right for a machine that only backs up; restores need it', error.hint);
        }
      },
    },
  ];
}
