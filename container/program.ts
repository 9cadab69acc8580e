import { Command, CommanderError } from 'commander';
import { type ExitName, exitCodes, exitMeanings } from '../core/errors.js';
import { registerBackup } from './commands/backup.js';
import { registerCheck } from './commands/check.js';
import { registerCleanup } from './commands/cleanup.js';
import { registerDoctor } from './commands/doctor.js';
import { registerDrill } from './commands/drill.js';
import { registerList } from './commands/list.js';
import { registerReport } from './commands/report.js';
import { registerRestore } from './commands/restore.js';
import { registerSchedules } from './commands/schedules.js';
import { registerUndelete } from './commands/undelete.js';
import { registerVerify } from './commands/verify.js';
import { registerWorker } from './commands/worker.js';
import type { Run } from './run.js';
import { isHelp, usageError } from './usage-error.js';
import { version } from './version.js';
import { wire } from './wire.js';

/** What a command gets of the program around it. */
export interface Invocation {
  /** Makes the run, once the command knows what its options change in the environment. */
  start(overrides?: Readonly<Record<string, string | undefined>>): Promise<Run>;
  /** Writes a result to standard output. */
  print(text: string): void;
  /** How the process ends unless something is thrown. */
  exitWith(code: number): void;
}

/**
 * Runs one command line.
 *
 * @returns the exit code
 * @throws OperatorError; CommanderError where help was printed; or a bug
 */
export async function program(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<number> {
  let exitCode: number = exitCodes.done;
  const root = commands({
    start: (overrides = {}) => {
      const target = root.opts<{ target?: string }>().target;
      return wire({
        environment: { ...environment, ...(target === undefined ? {} : { BACKUP_TARGET: target }), ...overrides },
        signal,
      });
    },
    print: (text) => process.stdout.write(`${text}\n`),
    exitWith: (code) => {
      exitCode = code;
    },
  });
  try {
    await root.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || isHelp(error)) throw error;
    throw usageError(
      error,
      root.commands.map((command) => command.name()).find((name) => args.includes(name)),
    );
  }
  return exitCode;
}

/** All commands with their options: the source of `--help` and of docs/commands.md. */
export function commands(invocation: Invocation): Command {
  const root = new Command('respaldo')
    .description(
      'Keeps PostgreSQL databases and media files backed up, proves that the backups restore, and gets them back fast.',
    )
    .version(version)
    .option('--target <name>', 'what to back up or restore, where one storage holds several (BACKUP_TARGET)')
    .configureOutput({ outputError: () => {} }) // it is thrown, too, and told like every other error
    .exitOverride();
  for (const register of [
    registerBackup,
    registerRestore,
    registerList,
    registerCleanup,
    registerCheck,
    registerVerify,
    registerDrill,
    registerUndelete,
    registerReport,
    registerDoctor,
    registerWorker,
    registerSchedules,
  ])
    register(root, invocation);
  root.addHelpText(
    'after',
    `\nExit codes:\n${exitCodeTable()}\n\nSettings come from the environment; docs/settings.md lists them.`,
  );
  for (const command of root.commands) command.exitOverride();
  return root;
}

function exitCodeTable(): string {
  return Object.entries(exitCodes)
    .map(([name, code]) => `  ${String(code).padStart(3)}  ${exitMeanings[name as ExitName]}`)
    .join('\n');
}
