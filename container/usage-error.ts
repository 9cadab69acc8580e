import type { CommanderError } from 'commander';
import { OperatorError } from '../core/errors.js';

/** A command line that Commander does not understand, as an error like every other: one line, and what to do next. */
export function usageError({ message }: CommanderError, command: string | undefined): OperatorError {
  const [what = '', ...suggestions] = message.replace(/^error: /, '').split('\n');
  const help =
    command === undefined ? 'respaldo --help lists the commands' : `respaldo ${command} --help lists what it takes`;
  return new OperatorError(
    'USAGE',
    what,
    [...suggestions.map((text) => text.replace(/^\((.*)\)$/, '$1')), `${help}.`].join(' '),
  );
}

/** Whether help or the version was asked for, or shown because nothing was: no error at all, and already printed. */
export function isHelp({ code }: CommanderError): boolean {
  return code === 'commander.help' || code === 'commander.helpDisplayed' || code === 'commander.version';
}
