import type { Run } from '../run.js';

/**
 * Takes one step after the other, and goes on after one that fails. A single step's failure is thrown; of several, each
 * is logged when it happens.
 */
export async function runAll<T>(
  run: Run,
  steps: readonly (() => Promise<T>)[],
  onResult: (result: T) => void,
): Promise<{ readonly results: T[]; readonly errors: unknown[] }> {
  const results: T[] = [];
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      const result = await step();
      results.push(result);
      onResult(result);
    } catch (error) {
      if (steps.length === 1) throw error;
      run.signal.throwIfAborted();
      run.log.error(error);
      errors.push(error);
    }
  }
  return { results, errors };
}
