import { expect } from 'vitest';
import { OperatorError } from '../../core/errors.js';

/** What is done either works or ends with a message for a person, whose hint is a sentence. */
export async function onlyTold(what: () => unknown): Promise<void> {
  try {
    await what();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(error.message).not.toBe('');
    expect(error.hint).toMatch(/[.?)!]$/);
  }
}

/** The same inputs in every run of the tests; `FUZZ_SEED=… FUZZ_TIMES=20` looks further. */
export function fuzzRuns(numRuns: number): { readonly numRuns: number; readonly seed: number } {
  const { FUZZ_SEED = '20260101', FUZZ_TIMES = '1' } = process.env;
  return { numRuns: numRuns * Number(FUZZ_TIMES), seed: Number(FUZZ_SEED) };
}
