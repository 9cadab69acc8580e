import { createInterface } from 'node:readline/promises';
import { OperatorError } from '../../core/errors.js';

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
 * @throws OperatorError NOT_CONFIRMED
 */
export async function confirm(all: readonly Replaced[]): Promise<void> {
  const refusal = (why: string) =>
    new OperatorError(
      'NOT_CONFIRMED',
      `restore not begun: ${why}`,
      'Type the name of what is replaced when asked, or use --force. --dry-run shows what would be done.',
    );
  if (all.length === 0) return;
  if (!process.stdin.isTTY) throw refusal('there is no terminal to ask at');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (const { what, name } of all) {
      const answer = await terminal.question(`This replaces the ${what}. Type "${name}" to go on: `);
      if (answer !== name) throw refusal(`"${answer}" is not "${name}"`);
    }
  } finally {
    terminal.close();
  }
}
