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

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get exitCode(): number {
    return exitCodes[errorCodes[this.code]];
  }
}

/** The text that a person reads. Two lines, or the stack of a bug. */
export function renderError(error: unknown): string {
  if (error instanceof OperatorError) return `ERROR ${error.code}: ${error.message}\nHINT: ${error.hint}`;
  return `BUG: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof OperatorError ? error.exitCode : exitCodes.bug;
}

/** The message of anything that was thrown, for use inside another message. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
