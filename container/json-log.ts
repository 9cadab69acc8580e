import pino from 'pino';
import { messageOf, OperatorError, stackOf, toldError } from '../core/errors.js';
import type { Log } from '../core/log.js';

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
