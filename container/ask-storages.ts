import { OperatorError } from '../core/errors.js';
import type { Storage } from '../core/storage.js';
import type { Run } from './run.js';

/** A storage that did not answer, and why. */
export interface Silent {
  readonly storage: Storage;
  readonly error: OperatorError;
}

/**
 * Asks one storage after the other. One that does not answer does not hide what the others have; at least one did.
 *
 * @param ask may have done part of its work when it throws: what is done counts
 * @throws OperatorError the first storage's, where none answers
 */
export async function askStorages(run: Run, ask: (storage: Storage) => Promise<void>): Promise<readonly Silent[]> {
  const silent: Silent[] = [];
  for (const storage of run.storages) {
    try {
      await ask(storage);
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof OperatorError)) throw error;
      silent.push({ storage, error });
    }
  }
  if (silent[0] && silent.length === run.storages.length) throw silent[0].error;
  return silent;
}
