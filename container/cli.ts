import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes } from '../core/errors.js';
import { interruptedBy } from './interruption.js';
import { program } from './program.js';
import { reportToSentry } from './sentry.js';
import { logFor } from './wire-by.js';

// The SDK's note on future Node versions is for developers; it would stand between a person and the messages that matter.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// Whoever reads may stop reading (`respaldo list | head`). What was begun is still done: a backup matters more than its log.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Not `once`: a library that ends its own children on a signal takes a listener that is gone for leave to end us, too.
  process.on(signal, () => {
    interruption.abort(interruptedBy(signal));
    // Whatever does not let itself be ended within this time is left to the operating system.
    setTimeout(() => process.exit(exitCodes[signal === 'SIGINT' ? 'interrupted' : 'terminated']), 4_500).unref();
  });
}

let ended = false;
// Node itself would leave without a word, and with a code of its own (13).
process.once('beforeExit', async () => {
  if (ended) return;
  await tell(new Error('the work stood still: nothing is left to wait for, and no step of it has told how it ended'));
  process.exit();
});

try {
  process.exitCode = await program(process.argv.slice(2), process.env, interruption.signal);
} catch (thrown) {
  await tell(thrown);
}
ended = true;
// A child that will not die, or a connection that will not close, must not keep a finished run alive.
setTimeout(() => process.exit(), 1_000).unref();

/** Says how the program ends, and lets it end so. */
async function tell(thrown: unknown): Promise<void> {
  ended = true;
  const error = interruption.signal.aborted ? interruption.signal.reason : thrown;
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return;
  }
  process.exitCode = exitCodeOf(error);
  const log = await logFor({ BACKUP_LOG: process.env.BACKUP_LOG === 'json' ? 'json' : 'text' });
  log.error(error);
  await reportToSentry(error, process.env.SENTRY_DSN);
}
