import pino from 'pino';
import { messageOf, OperatorError, renderError, stackOf, toldError } from '../core/errors.js';
import type { Log } from '../core/log.js';

/** Lines for people on standard error. */
export function textLog(write: (text: string) => void): Log {
  return {
    info: (message) => write(`${message}\n`),
    warn: (message) => write(`WARNING: ${message}\n`),
    error: (error) => write(`${renderError(error)}\n`),
  };
}

/** JSON lines on standard error, for machines that keep them: without what a server quotes of rows. */
export function jsonLog(version: string): Log {
  const logger = pino(
    { base: { program: 'respaldo', version }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
  return {
    info: (message, fields) => logger.info({ ...fields }, message),
    warn: (message, fields) => logger.warn({ ...fields }, message),
    error: (error) => {
      const { code, message, hint, exitCode } = toldError(error);
      if (error instanceof OperatorError) logger.error({ code, exitCode, hint }, message);
      else logger.fatal({ code, exitCode, stack: `${messageOf(error)}\n${stackOf(error)}` }, message);
    },
  };
}
