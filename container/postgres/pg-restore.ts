import { join } from 'node:path';
import { OperatorError } from '../../core/errors.js';
import type { Command } from '../streams/command.js';
import { type Connection, libpqEnvironment } from './connection.js';

export interface PgRestoreOptions {
  readonly connection: Connection;
  readonly database: string;
  readonly clients: { readonly directory: string };
  readonly withoutOwners: boolean;
  /** More for the session, as PGOPTIONS takes it. */
  readonly sessionOptions?: string;
}

/** pg_restore that stops at the first error. It does not read its input to the end where it needs no more of it. */
export async function pgRestoreCommand(options: PgRestoreOptions, args: readonly string[]): Promise<Command> {
  const { connection, database, clients, withoutOwners, sessionOptions: more = '' } = options;
  return {
    name: 'pg_restore',
    file: join(clients.directory, 'pg_restore'),
    args: ['--no-password', '--exit-on-error', ...(withoutOwners ? ['--no-owner', '--no-privileges'] : []), ...args],
    env: {
      ...(await libpqEnvironment(connection, 'pg_restore', database)),
      PGOPTIONS: `${sessionOptions(connection, false)} ${more}`.trim(),
    },
    mayStopReading: true,
    explain: loadFailed,
  };
}

/**
 * For loading sessions alone, as PGOPTIONS takes it. Beside the running database, commits need not wait for the disk: the
 * rename that puts the new one into service does, and the log is written in order. In a database in use, no lock is
 * waited for forever.
 */
export function sessionOptions(connection: Connection, inUse: boolean): string {
  const own = inUse ? '-c lock_timeout=60s' : '-c synchronous_commit=off -c lock_timeout=0';
  return `${connection.libpq.PGOPTIONS ?? ''} ${own} -c statement_timeout=0`.trim();
}

/** What psql and pg_restore say where the dump is not to blame: libpq's words, and the server's of class 57P. */
const sessionLost =
  /server closed the connection unexpectedly|terminating connection due to administrator command|connection to server (?:at|on) .* failed|(?:no connection to the|connection to) server was lost|database system is (?:in recovery mode|shutting down|starting up)/;

/** What psql and pg_restore say when the server refuses something. */
export function loadFailed(stderr: string): OperatorError {
  const lines = stderr.trim().split('\n');
  const first = Math.max(
    0,
    lines.findIndex((line) => /ERROR|FATAL|error:/.test(line)),
  );
  if (sessionLost.test(stderr)) {
    return new OperatorError(
      'SERVER_UNREACHABLE',
      `the server ended the session that loaded the dump: ${lines.slice(first, first + 4).join('\n  ')}`,
      'The running database is as it was. The server was restarted, or someone ended the session (pg_terminate_backend), or the network broke. Run again.',
    );
  }
  return new OperatorError(
    'RESTORE_FAILED',
    `the server refused the dump: ${lines.slice(first, first + 4).join('\n  ')}`,
    'The running database is as it was. Mend what the server says; --no-owner leaves owners and rights out.',
  );
}
