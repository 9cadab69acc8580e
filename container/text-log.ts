import { renderError } from '../core/errors.js';
import type { Log } from '../core/log.js';

/** Lines for people on standard error. */
export function textLog(write: (text: string) => void): Log {
  return {
    info: (message) => write(`${message}\n`),
    warn: (message) => write(`WARNING: ${message}\n`),
    error: (error) => write(`${renderError(error)}\n`),
  };
}
