import { OperatorError, stackOf, toldError } from '../core/errors.js';
import { version } from './version.js';

/**
 * Sends an error to Sentry where a DSN is set; the library is loaded only then. What is sent is the code, the stack's
 * functions and the version: no message (it names tables and hosts), no environment, no arguments, no host name.
 */
export async function reportToSentry(error: unknown, dsn: string | undefined): Promise<void> {
  if (!dsn || !URL.canParse(dsn)) return; // the settings tell what is none, and the library would print it
  try {
    const { captureEvent, close, init } = await import('@sentry/node');
    init({ dsn, release: `respaldo@${version}`, defaultIntegrations: false, serverName: 'respaldo' });
    captureEvent(sentryEvent(error));
    await close(5_000);
  } catch (failure) {
    process.stderr.write(
      `WARNING: the error could not be sent to Sentry: ${failure instanceof Error ? failure.message : failure}\n`,
    );
  }
}

/** What Sentry gets to see of an error. */
function sentryEvent(error: unknown) {
  const isOperator = error instanceof OperatorError;
  const type = isOperator ? toldError(error).code : error instanceof Error ? error.name : 'Error';
  return {
    level: isOperator ? ('error' as const) : ('fatal' as const),
    message: isOperator ? `respaldo failed: ${error.code}` : `respaldo has a bug: ${type}`,
    fingerprint: ['respaldo', type],
    tags: { code: type, version },
    exception: {
      values: [{ type, value: isOperator ? error.code : 'see the stack', stacktrace: { frames: frames(error) } }],
    },
  };
}

/** Function names and positions, innermost last as Sentry wants them. */
function frames(error: unknown) {
  return stackOf(error)
    .split('\n')
    .flatMap((line) => {
      const match = /^\s+at (?:(.+?) \()?(?:file:\/\/)?(?:.*\/)?([^/]+?):(\d+):(\d+)\)?$/.exec(line);
      return match
        ? [{ function: match[1] ?? '?', filename: match[2] ?? '', lineno: Number(match[3]), colno: Number(match[4]) }]
        : [];
    })
    .reverse();
}
