import { exitCodes, OperatorError } from '../../core/errors.js';
import type { Silent } from '../ask-storages.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';

/** Names the storages that did not answer, whatever the others gave; the exit code tells it too. */
export function tellSilent(invocation: Invocation, run: Run, silent: readonly Silent[]): void {
  for (const { storage, error } of silent) {
    const others = run.storages.filter((each) => !silent.some((one) => one.storage === each)).map(({ name }) => name);
    run.log.error(
      new OperatorError(
        error.code,
        error.message,
        `${storage.name} did not answer: what is said is of ${others.join(' and ')} alone. ${error.hint}`,
        { cause: error },
      ),
    );
  }
  if (silent.length > 0) invocation.exitWith(exitCodes.storage);
}
