import type { Socket } from 'node:net';
import pg from 'pg';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { Connection } from './connection.js';
import { keepalive } from './conninfo.js';
import { sessionSocket } from './endable-sessions.js';
import { serverFailed } from './server-errors.js';
import { tls } from './tls.js';

/**
 * Opens a session. It must be ended by the caller.
 *
 * @param socket makes the socket of a session without TLS; TLS makes its own
 * @throws OperatorError SERVER_UNREACHABLE
 */
export async function connect(
  connection: Connection,
  purpose: string,
  database = connection.database,
  socket?: () => Socket,
): Promise<pg.Client> {
  const attempts =
    connection.sslmode === 'prefer' || connection.sslmode === 'allow'
      ? [tls('require', connection.libpq), false]
      : [tls(connection.sslmode, connection.libpq)];
  let failure: unknown;
  for (const ssl of attempts) {
    const password = await connection.password();
    const secure = connection.host.startsWith('/') ? false : ssl;
    const client = new pg.Client({
      host: connection.host,
      port: connection.port,
      user: connection.user,
      database,
      ssl: secure,
      application_name: Buffer.from(`respaldo ${purpose}`).subarray(0, 63).toString(),
      connectionTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepalive.idle * 1000,
      stream: () => sessionSocket(secure === false ? socket?.() : undefined),
      ...(password === undefined ? {} : { password }),
      ...(connection.libpq.PGOPTIONS ? { options: connection.libpq.PGOPTIONS } : {}),
    });
    client.on('error', () => {}); // a lost connection fails the next query, which tells it
    try {
      await client.connect();
      return client;
    } catch (error) {
      failure = error;
      if (!/does not support SSL/.test(messageOf(error))) break;
    }
  }
  throw unreachable(connection, database, failure);
}

/** Runs something in a session of its own. */
export async function withSession<T>(
  connection: Connection,
  purpose: string,
  use: (client: pg.Client) => Promise<T>,
  database = connection.database,
): Promise<T> {
  const client = await connect(connection, purpose, database);
  try {
    return await use(client);
  } catch (error) {
    throw serverFailed(error, database);
  } finally {
    await client.end().catch(() => {}); // the work is done or its error is on the way; a lost connection adds nothing
  }
}

/**
 * For a SELECT: the server notices within half a minute that a worker's host has vanished, and lets go of its locks, its
 * snapshot and its unfinished transaction. It would take two hours.
 */
export const loseQuickly = `set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '4', false)`;

function unreachable(connection: Connection, database: string, cause: unknown): OperatorError {
  const { host, port, user, guessed } = connection;
  const code = (cause as { code?: string } | undefined)?.code;
  const noTls = /does not support SSL/.test(messageOf(cause));
  const noRole = /^role .* does not exist$/.test(messageOf(cause));
  const hints: Record<string, string> = {
    '28P01': 'The password is wrong: correct DATABASE_URL or PGPASSWORD.',
    '28000': noRole
      ? 'Create the role (CREATE ROLE … LOGIN), or correct the user in DATABASE_URL or PGUSER.'
      : 'The server’s pg_hba.conf does not let this user in from here.',
    '3D000': 'Create the database, or correct the name in DATABASE_URL or PGDATABASE.',
    ENOTFOUND: 'The host’s name cannot be resolved: correct it in DATABASE_URL or PGHOST.',
    ERR_TLS_CERT_ALTNAME_INVALID:
      'The certificate is for another name: reach the server by that one, or only check who signed it: sslmode=verify-ca.',
    ECONNREFUSED: 'Nothing listens there: start PostgreSQL, or correct host and port.',
    '53300': 'The server has no connection left: raise max_connections or close some.',
  };
  return new OperatorError(
    'SERVER_UNREACHABLE',
    `database "${database}" on ${host}:${port} as "${user}" not reached: ${messageOf(cause)}`,
    guessed
      ? 'Nothing names a database, so the one of this machine with its user’s name was tried: set DATABASE_URL=postgresql://user:password@host:5432/name.'
      : noTls
        ? 'The server speaks no TLS: set ssl = on there, or sslmode=prefer here where the way to it can be trusted.'
        : (hints[code ?? ''] ??
          (isUntrusted(code) ? untrusted : undefined) ??
          'Check host, port, firewall and password; "respaldo doctor" tries them one by one.'),
    { cause },
  );
}

/** OpenSSL's reasons, as Node names them: https://nodejs.org/docs/latest-v20.x/api/tls.html#x509-certificate-error-codes */
function isUntrusted(code: string | undefined): boolean {
  return /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|CRL_|ERROR_IN_CERT_)/.test(code ?? '');
}

const untrusted =
  'The server’s certificate is not signed by what PGSSLROOTCERT (sslrootcert) names, or it is out of date: name the file of its authority.';
