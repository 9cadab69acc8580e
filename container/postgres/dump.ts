import { join } from 'node:path';
import { OperatorError } from '../../core/errors.js';
import type { Command } from '../streams/command.js';
import type { Clients } from './clients.js';
import { type Connection, libpqEnvironment } from './connection.js';
import { conninfo } from './conninfo.js';
import { dumpTimeout, lockedTables } from './lock-timeout.js';

export interface DumpOptions {
  readonly connection: Connection;
  readonly clients: Clients;
  readonly snapshot: string;
  readonly lockTimeoutSeconds: number;
}

/** pg_dump of the state that a snapshot holds, to standard output and uncompressed. */
export async function dumpCommand(options: DumpOptions, args: readonly string[]): Promise<Command> {
  const { connection, clients, snapshot, lockTimeoutSeconds } = options;
  return {
    name: 'pg_dump',
    file: join(clients.directory, 'pg_dump'),
    args: [
      '--no-password',
      `--snapshot=${snapshot}`,
      `--lock-wait-timeout=${lockTimeoutSeconds * 1000}`,
      '--compress=0',
      `--dbname=${conninfo(connection.database)}`,
      ...args,
    ],
    // Where a time with a zone is written as text, it is the same text whoever dumps.
    env: { ...(await libpqEnvironment(connection, 'pg_dump')), PGTZ: 'UTC' },
    speaksForServer: true,
    explain: (stderr) => explainDump(stderr, connection.database, lockTimeoutSeconds),
  };
}

/** pg_dumpall of the roles and their memberships. */
export async function rolesCommand(connection: Connection, clients: Clients, withPasswords: boolean): Promise<Command> {
  return {
    name: 'pg_dumpall',
    file: join(clients.directory, 'pg_dumpall'),
    args: [
      '--no-password',
      '--roles-only',
      ...(withPasswords ? [] : ['--no-role-passwords']),
      `--dbname=${conninfo(connection.database)}`,
    ],
    env: await libpqEnvironment(connection, 'pg_dumpall'),
    speaksForServer: true,
  };
}

function explainDump(stderr: string, database: string, lockTimeoutSeconds: number): OperatorError | undefined {
  const nothing = /no matching (?:tables|schemas) were found[^\n]*/.exec(stderr)?.[0];
  if (nothing !== undefined) {
    return new OperatorError(
      'USAGE',
      `backup of "${database}" not taken: ${nothing} for what --schema and --table name`,
      'Names are pg_dump’s patterns: SCHEMA.TABLE, with * and ?, in lower case unless in double quotes.',
    );
  }
  if (!/canceling statement due to (?:lock|statement) timeout/.test(stderr)) return undefined;
  return dumpTimeout(database, lockTimeoutSeconds, lockedTables(stderr));
}
