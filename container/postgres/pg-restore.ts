import { join } from 'node:path';
import { OperatorError } from '../../core/errors.js';
import { type Said, separate } from '../../core/postgres/server-message.js';
import type { Command } from '../streams/command.js';
import { type Connection, libpqEnvironment } from './connection.js';
import { rowsDiffer } from './in-place.js';

export interface PgRestoreOptions {
  readonly connection: Connection;
  readonly database: string;
  readonly clients: { readonly directory: string };
  readonly withoutOwners: boolean;
  /** More for the session, as PGOPTIONS takes it. */
  readonly sessionOptions?: string;
  readonly onStderrLine?: (line: string) => void;
}

/** pg_restore that stops at the first error. It does not read its input to the end where it needs no more of it. */
export async function pgRestoreCommand(options: PgRestoreOptions, args: readonly string[]): Promise<Command> {
  const { connection, database, clients, withoutOwners, sessionOptions: more = '', onStderrLine } = options;
  return {
    name: 'pg_restore',
    file: join(clients.directory, 'pg_restore'),
    args: ['--no-password', '--exit-on-error', ...(withoutOwners ? ['--no-owner', '--no-privileges'] : []), ...args],
    env: {
      ...(await libpqEnvironment(connection, 'pg_restore', database)),
      PGOPTIONS: `${sessionOptions(connection, undefined)} ${more}`.trim(),
    },
    mayStopReading: true,
    ...(onStderrLine ? { onStderrLine } : {}),
    explain: loadFailed,
  };
}

/**
 * For loading sessions alone, as PGOPTIONS takes it. Beside the running database, commits need not wait for the disk: the
 * rename that puts the new one into service does, and the log is written in order. In a database in use, no lock is
 * waited for forever.
 *
 * @param lockTimeoutSeconds undefined: for a database that nobody uses yet
 */
export function sessionOptions(connection: Connection, lockTimeoutSeconds: number | undefined): string {
  const own =
    lockTimeoutSeconds === undefined
      ? '-c synchronous_commit=off -c lock_timeout=0'
      : `-c lock_timeout=${lockTimeoutSeconds}s`;
  return `${connection.libpq.PGOPTIONS ?? ''} ${own} -c statement_timeout=0`.trim();
}

/** What libpq's programs say where the session was ended or none could be opened: nothing of the dump. */
const serverGone =
  /server closed the connection unexpectedly|connection to server (?:was lost|at .* failed)|terminating connection|no connection to the server|SSL connection has been closed|could not (?:receive|send) data/;

/** What psql and pg_restore say when the server refuses something, or is gone. */
export function loadFailed(stderr: string): OperatorError {
  const differs = new RegExp(`${rowsDiffer}: (.*)`).exec(stderr)?.[1];
  if (differs !== undefined) {
    return new OperatorError(
      'COMPARISON_DIFFERS',
      `the dump restores to something else than was backed up: ${differs}`,
      'The running database is as it was. Use another backup (respaldo list) and report this one.',
    );
  }
  const lines = stderr.trim().split('\n');
  const first = Math.max(
    0,
    lines.findIndex((line) => /ERROR|FATAL|error:/.test(line)),
  );
  const said = separate(lines.slice(first).join('\n'), lines.slice(first, first + 4).join('\n  '));
  if (serverGone.test(said.inFull)) {
    return OperatorError.passingOn(
      'SERVER_UNREACHABLE',
      said,
      (words) => `the connection was lost while the dump was loaded: ${words}`,
      'The running database is as it was. The server ended the session or restarted, or the network broke. Run again.',
    );
  }
  return refusedDump(said);
}

/** The server's refusal of what a dump holds. */
export function refusedDump(said: Said): OperatorError {
  return OperatorError.passingOn(
    'RESTORE_FAILED',
    said,
    (words) => `the server refused the dump: ${words}`,
    'The running database is as it was. Mend what the server says; --no-owner leaves owners and rights out.',
  );
}
