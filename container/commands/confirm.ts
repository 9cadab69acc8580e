import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline/promises';
import { OperatorError } from '../../core/errors.js';
import { interruptedBy } from '../interruption.js';

/** Something that a restore replaces. */
export interface Replaced {
  /** `database "crm"`, for the question. */
  readonly what: string;
  /** What has to be typed. */
  readonly name: string;
}

/**
 * Asks for the name of each thing that will be replaced.
 *
 * @throws OperatorError NOT_CONFIRMED; INTERRUPTED where Ctrl-C is pressed at the question; the signal's reason
 */
export async function confirm(all: readonly Replaced[], signal: AbortSignal): Promise<void> {
  if (all.length === 0) return;
  if (!process.stdin.isTTY) throw refusal('there is no terminal to ask at');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (const { what, name } of all) {
      const answer = await ask(terminal, `This replaces the ${what}. Type "${name}" to go on: `, signal);
      if (answer !== name) throw refusal(`"${answer}" is not "${name}"`);
    }
  } finally {
    terminal.close();
  }
}

/** Readline leaves a question open for ever whose terminal is closed: by Ctrl-D, by Ctrl-C, or because it is gone. */
async function ask(terminal: Interface, question: string, signal: AbortSignal): Promise<string> {
  const answered = new AbortController();
  const until = { signal: AbortSignal.any([signal, answered.signal]) };
  const end = async (event: 'SIGINT' | 'close', error: OperatorError): Promise<never> => {
    await once(terminal, event, until);
    throw error;
  };
  try {
    return await Promise.race([
      terminal.question(question, until),
      end('SIGINT', interruptedBy('SIGINT')),
      end('close', refusal(inputEnded)),
    ]);
  } catch (error) {
    process.stderr.write('\n'); // the question's own line ends here
    if (signal.aborted) throw signal.reason;
    const ended = error instanceof Error && error.name === 'AbortError'; // readline's own answer to Ctrl-D
    throw ended ? refusal(inputEnded) : error;
  } finally {
    answered.abort();
  }
}

const inputEnded = 'the input ended before an answer';

function refusal(why: string): OperatorError {
  return new OperatorError(
    'NOT_CONFIRMED',
    `restore not begun: ${why}`,
    'Type the name of what is replaced when asked, or use --force. --dry-run shows what would be done.',
  );
}
