import { isServerError, type Said, saidByServer } from './postgres/server-message.js';

/** How the program ends. The numbers are a contract with scripts and alarms: add, never change. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  source: 3,
  storage: 4,
  notFound: 5,
  integrity: 6,
  busy: 7,
  stale: 8,
  refused: 9,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitName = keyof typeof exitCodes;

/** What each exit code means, in the words of `respaldo --help` and of the documents. */
export const exitMeanings: Record<ExitName, string> = {
  done: 'done',
  bug: 'a bug: stack shown',
  usage: 'usage or settings',
  source: 'the source failed (pg_dump, tar, the server)',
  storage: 'storage failed',
  notFound: 'no such backup',
  integrity: 'integrity: digest, manifest, or comparison differs',
  busy: 'busy: another run of this target holds it',
  stale: 'stale: the newest good backup is too old',
  refused: 'refused: needs confirmation, or would remove too much',
  interrupted: 'interrupted by SIGINT (Ctrl-C), nothing half-done left behind',
  terminated: 'interrupted by SIGTERM, nothing half-done left behind',
};

/** Every error that a person can cause or mend, with the exit code that it ends in. Each has a heading in docs/runbook.md. */
export const errorCodes = {
  USAGE: 'usage',
  SETTINGS_INVALID: 'usage',
  PROGRAM_MISSING: 'usage',
  KEY_MISSING: 'usage',
  SERVER_UNREACHABLE: 'source',
  SECRET_UNREADABLE: 'source',
  CLIENT_MISSING: 'source',
  CLIENT_TOO_OLD: 'source',
  NOT_READABLE: 'source',
  LOCK_TIMEOUT: 'source',
  SNAPSHOT_LOST: 'source',
  POOLER_BETWEEN: 'source',
  TOO_FEW_CONNECTIONS: 'source',
  SOURCE_FAILED: 'source',
  STALLED: 'source',
  TASK_LOST: 'source',
  MEDIA_MISSING: 'source',
  MEDIA_UNREADABLE: 'source',
  RESTORE_FAILED: 'source',
  SWAP_FAILED: 'source',
  AWS_FAILED: 'storage',
  STORAGE_FAILED: 'storage',
  STORAGE_STALLED: 'storage',
  STORAGE_FULL: 'storage',
  STORAGE_DENIED: 'storage',
  ALREADY_STORED: 'storage',
  REMOVAL_FAILED: 'storage',
  NO_SUCH_BACKUP: 'notFound',
  MANIFEST_INVALID: 'integrity',
  DIGEST_DIFFERS: 'integrity',
  ARCHIVE_CORRUPT: 'integrity',
  ARCHIVE_UNSAFE: 'integrity',
  COMPARISON_DIFFERS: 'integrity',
  BUSY: 'busy',
  STALE: 'stale',
  NOT_CONFIRMED: 'refused',
  TARGET_LACKS: 'refused',
  DRILL_NEEDS_SUPERUSER: 'refused',
  TOO_MANY_REMOVALS: 'refused',
  INTERRUPTED: 'interrupted',
  TERMINATED: 'terminated',
} as const satisfies Record<string, ExitName>;

export type ErrorCode = keyof typeof errorCodes;

/**
 * An error meant for the person who runs the program. Everything else that is thrown is a bug.
 *
 * `message` is in lower case and names the thing and the numbers; `hint` is a full sentence with the next step.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  /** The message with what a server quoted of rows. For the terminal alone: `message` goes into events and records. */
  readonly inFull: string;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    options?: ErrorOptions & { readonly inFull?: string | undefined },
  ) {
    super(message, options);
    this.inFull = options?.inFull ?? message;
  }

  /** An error that passes on what a server said, or another error. */
  static passingOn(
    code: ErrorCode,
    { told, inFull }: Said,
    message: (said: string) => string,
    hint: string,
    options?: ErrorOptions,
  ): OperatorError {
    return new OperatorError(code, message(told), hint, { ...options, inFull: message(inFull) });
  }

  get exitCode(): number {
    return exitCodes[errorCodes[this.code]];
  }
}

/**
 * Whether something could not be read, which tells nothing of what it holds: a storage that refuses or does not answer.
 * What is listed and not there may have been removed since.
 */
export function isUnread(error: unknown): error is OperatorError {
  return error instanceof OperatorError && ['storage', 'notFound'].includes(errorCodes[error.code]);
}

/** The text that a person reads, on a terminal. Two lines, or the stack of a bug. */
export function renderError(error: unknown): string {
  if (error instanceof OperatorError) return `ERROR ${error.code}: ${error.inFull}\nHINT: ${error.hint}`;
  return `BUG: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** How the process ends; what is no OperatorError is a bug. */
export function exitCodeOf(error: unknown): number {
  return error instanceof OperatorError ? error.exitCode : exitCodes.bug;
}

/** The message of anything that was thrown, for use inside another message. Of what a server said, what quotes no row. */
export function messageOf(error: unknown): string {
  return saidBy(error).told;
}

/** What anything that was thrown says. */
export function saidBy(error: unknown): Said {
  if (error instanceof OperatorError) return { told: error.message, inFull: error.inFull };
  if (isServerError(error)) return saidByServer(error);
  if (error instanceof AggregateError && !error.message) {
    const each = error.errors.map(saidBy);
    return { told: each.map(({ told }) => told).join('; '), inFull: each.map(({ inFull }) => inFull).join('; ') };
  }
  const message = error instanceof Error ? error.message || error.name : String(error);
  return { told: message, inFull: message };
}

/** What may be kept and sent of an error: nothing of a row, and of a bug only where it is. */
export interface ToldError {
  readonly code: ErrorCode | 'BUG';
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

export function toldError(error: unknown): ToldError {
  const exitCode = exitCodeOf(error);
  if (error instanceof OperatorError) {
    const { code, message, hint } = error;
    return { code, message, hint, exitCode };
  }
  // The message of a bug may quote data; the log has where it is.
  const name = error instanceof Error ? error.name : 'unknown';
  return { code: 'BUG', message: `a bug: ${name}`, hint: 'The log has its stack.', exitCode };
}

/** Where an error was thrown: the lines of its stack without the message. */
export function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
    .join('\n');
}
