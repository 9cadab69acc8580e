import { type ErrorCode, OperatorError, renderError } from '../core/errors.js';

/** What a person is told who asked for what cannot be. Nothing was done. */
export interface Refusal {
  readonly refused: string;
  readonly hint: string;
}

/** Mistakes of whoever asks, and a damaged backup, of which the check tells those who did not. Everything else is the environment's. */
const mistakes: readonly ErrorCode[] = ['USAGE', 'NO_SUCH_BACKUP', 'MANIFEST_INVALID'];

/**
 * Answers a call. A person who mistypes something is answered with what to send instead: an error would show no hint in
 * the console, and ring the alarm. A schedule's or an event's mistake has to ring it. Of what is thrown, Lambda shows and
 * logs the message alone, so that has the hint.
 *
 * @throws Error for everything that is not a person's own mistake
 */
export async function answered<Answer>(event: unknown, answer: () => Promise<Answer>): Promise<Answer | Refusal> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    if (mistakes.includes(error.code) && !isFromMachine(event)) return { refused: error.message, hint: error.hint };
    throw new Error(renderError(error), { cause: error });
  }
}

/** The Scheduler names its schedule, the event bus the kind of its event. */
function isFromMachine(event: unknown): boolean {
  return typeof event === 'object' && event !== null && ('schedule' in event || 'detail-type' in event);
}
