import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import type { Command } from '../streams/command.js';
import { runPipe } from '../streams/pipe.js';
import type { Clients } from './clients.js';
import { type Connection, libpqEnvironment } from './connection.js';
import { loadingConninfo } from './conninfo.js';
import { inPlaceTimeout, tellsOfLockTimeout } from './lock-timeout.js';
import { loadFailed, pgRestoreCommand, sessionOptions } from './pg-restore.js';
import { SqlGuard } from './sql-guard.js';
import { withoutTimeouts } from './timeouts.js';

export interface LoadOptions {
  readonly connection: Connection;
  /** The database that is loaded into. */
  readonly database: string;
  readonly clients: Clients;
  readonly withoutOwners: boolean;
  /**
   * For a database that is in use: everything in one transaction, between these statements. The transaction is committed
   * by the last words of the input, so that an input that breaks off, for whatever reason, changes nothing.
   */
  readonly atomic?:
    | { readonly before: string; readonly after: string; readonly lockTimeoutSeconds: number }
    | undefined;
  readonly signal: AbortSignal;
  /** Gets what psql or pg_restore says. */
  readonly onStderrLine: (line: string) => void;
}

/**
 * Loads a dump into a database, stopping at the first error.
 *
 * @param decoders the programs between the archive's bytes and the dump
 * @throws OperatorError RESTORE_FAILED with the server's message; ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, or the input's own error
 */
export async function loadDump(
  archive: Readable,
  content: 'sql' | 'dump',
  decoders: readonly Command[],
  options: LoadOptions,
): Promise<void> {
  const { signal, atomic, withoutOwners } = options;
  if (content === 'dump' && !atomic) {
    await runPipe([...decoders, await pgRestoreCommand(options, [`--dbname=${loadingConninfo(options.database)}`])], {
      input: archive,
      signal,
    });
    return;
  }
  const toSql = content === 'dump' ? [...decoders, await pgRestoreCommand(options, ['--file=-'])] : decoders;
  const psql = await psqlCommand(options);
  const intoPsql = async (sql: Readable): Promise<void> => {
    const guard = new SqlGuard({ withoutOwners, insideTransaction: atomic !== undefined });
    const guarded = pipeline(sql, guard, () => {}); // the reader of the guard gets the error
    const input = atomic ? Readable.from(asTransaction(guarded, atomic), { objectMode: false }) : guarded;
    await runPipe([psql], { input, signal });
  };
  if (toSql.length === 0) await intoPsql(archive);
  else await runPipe(toSql, { input: archive, output: intoPsql, signal });
}

async function* asTransaction(
  sql: Readable,
  { before, after }: NonNullable<LoadOptions['atomic']>,
): AsyncIterable<Buffer> {
  yield Buffer.from(`BEGIN;\n${before}\n`);
  yield* sql;
  yield Buffer.from(`\n${after}\nCOMMIT;\n`);
}

async function psqlCommand(options: LoadOptions): Promise<Command> {
  const { connection, database, clients, atomic } = options;
  const restricted = understandsRestrict(clients) ? ['--command', `\\restrict ${randomBytes(24).toString('hex')}`] : [];
  return {
    name: 'psql',
    file: join(clients.directory, 'psql'),
    args: [
      ...['--no-psqlrc', '--no-password', '--quiet', '--set=ON_ERROR_STOP=1', '--output=/dev/null'],
      ...restricted,
      // The dump of an older server says nothing of a timeout that this one knows.
      ...['--command', withoutTimeouts('session')],
      `--dbname=${loadingConninfo(database)}`,
      '--file=-',
    ],
    env: {
      ...(await libpqEnvironment(connection, 'psql', database)),
      PGOPTIONS: sessionOptions(connection, atomic?.lockTimeoutSeconds),
    },
    onStderrLine: options.onStderrLine,
    explain: (stderr) =>
      atomic && tellsOfLockTimeout(stderr) ? inPlaceTimeout(database, atomic.lockTimeoutSeconds) : loadFailed(stderr),
  };
}

/** psql has \restrict from these minor versions on: release notes of 2025-08-14, CVE-2025-8714. */
function understandsRestrict({ version }: Clients): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const since: Record<number, number> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };
  return major >= 18 || minor >= (since[major] ?? Number.POSITIVE_INFINITY);
}
