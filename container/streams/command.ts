import { type ErrorCode, OperatorError } from '../../core/errors.js';
import { saidByProgram } from '../../core/postgres/server-message.js';

/** One program of a pipe. Nothing of it ever passes through a shell. */
export interface Command {
  /** What messages call it: `pg_dump`, `igzip`. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Added to the little that every child gets (see {@link childEnvironment}). Secrets go here, never into `args`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Open files that it gets as its descriptors 3 and on. */
  readonly files?: readonly number[];
  /** Exit codes beside 0 that are no failure, such as GNU tar's 1 for a file that changed while it was read. */
  readonly tolerated?: readonly number[];
  /** It may end well without having read all of its input, as pg_restore does. */
  readonly mayStopReading?: boolean;
  /** It passes on what a server says, which may quote rows. */
  readonly speaksForServer?: boolean;
  /** Gets each line that it writes to standard error. */
  readonly onStderrLine?: (line: string) => void;
  /** Turns what the program said into a better error than "exited with code 1"; undefined where it has none. */
  readonly explain?: (stderr: string) => OperatorError | undefined;
}

export interface CommandResult {
  readonly command: Command;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it wrote to standard error. */
  readonly stderr: string;
}

/** What a child process gets of our environment: enough to run, and none of our secrets. Messages are asked for in English. */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = [
    'PATH',
    'HOME',
    'USER',
    'LOGNAME',
    'TMPDIR',
    'TZ',
    'LD_LIBRARY_PATH',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
  ];
  const env: NodeJS.ProcessEnv = {};
  for (const name of inherited) if (process.env[name] !== undefined) env[name] = process.env[name];
  return { ...env, LC_ALL: 'C.UTF-8', LANGUAGE: 'C', ...extra };
}

/** By its exit code, or one that the command says it tolerates; a signal is no success. */
export function succeeded({ command, exitCode }: CommandResult): boolean {
  return exitCode === 0 || (exitCode !== null && (command.tolerated ?? []).includes(exitCode));
}

/** The error of a program that failed: its own explanation where it has one, else how it ended and what it said last. */
export function commandFailed(
  result: CommandResult,
  code: ErrorCode = 'SOURCE_FAILED',
  cause?: unknown,
): OperatorError {
  const explained = result.signal ? undefined : result.command.explain?.(result.stderr);
  if (explained) return explained;
  const end = result.signal ? `was killed by ${result.signal}` : `exited with code ${result.exitCode}`;
  const last = result.stderr.trim().split('\n').slice(-5).join('\n  ');
  const said = result.command.speaksForServer ? saidByProgram(result.stderr, 5) : { told: last, inFull: last };
  return OperatorError.passingOn(
    code,
    said,
    (words) => `${result.command.name} ${end}${words ? `: ${words}` : ''}`,
    result.signal === 'SIGKILL'
      ? 'Something killed it: look for the out-of-memory killer in the system log, or for a person; then run again.'
      : 'Mend what it says and run again; nothing was stored.',
    { cause },
  );
}
