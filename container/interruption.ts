import { OperatorError } from '../core/errors.js';

/** What a run ends in that somebody, or something, told to end. */
export function interruptedBy(signal: 'SIGINT' | 'SIGTERM'): OperatorError {
  return new OperatorError(
    signal === 'SIGINT' ? 'INTERRUPTED' : 'TERMINATED',
    `interrupted by ${signal}`,
    'Nothing half-done was left. Run again when it suits.',
  );
}
