import { existsSync } from 'node:fs';
import { OperatorError } from '../../core/errors.js';
import type { Settings } from '../../core/settings.js';
import { currentUser, userName } from '../current-user.js';

/** How to reach a database: what libpq knows under the same names. */
export interface Connection {
  /** A name, an address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Asked anew for every connection, because tokens expire. Undefined: none, or in the password file. */
  readonly password: () => Promise<string | undefined>;
  readonly database: string;
  readonly sslmode: string;
  /** libpq's other variables that were set: PGSSLROOTCERT, PGPASSFILE, PGOPTIONS and so on. */
  readonly libpq: Readonly<Record<string, string>>;
  /** Nothing names a database: this one has the user's name, as libpq would have it. */
  readonly guessed?: boolean;
}

const passedOn = [
  'PGPASSFILE',
  'PGSSLROOTCERT',
  'PGSSLCERT',
  'PGSSLKEY',
  'PGOPTIONS',
  'PGCHANNELBINDING',
  'PGREQUIREAUTH',
];
const urlParameters: Record<string, string> = {
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  options: 'PGOPTIONS',
  channel_binding: 'PGCHANNELBINDING',
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The connection that DATABASE_URL, else libpq's own variables describe. A secret fills in what they leave open, and
 * gives the password; IAM gives a token instead of one.
 *
 * @throws OperatorError SETTINGS_INVALID, SECRET_UNREADABLE
 */
export async function connectionFrom(settings: Settings, environment: Environment): Promise<Connection> {
  const arn = settings.BACKUP_DATABASE_SECRET_ARN;
  if (arn) {
    const { readDatabaseSecret } = await awsLogin();
    const { username, host, port, dbname } = await readDatabaseSecret(arn);
    const filled = {
      PGUSER: username,
      ...(host ? { PGHOST: host } : {}),
      ...(port ? { PGPORT: String(port) } : {}),
      ...(dbname ? { PGDATABASE: dbname } : {}),
      ...onlySet(environment),
    };
    // The secret may be rotated at any time: each connection asks it anew.
    return { ...describedConnection(settings, filled), password: async () => (await readDatabaseSecret(arn)).password };
  }
  const connection = describedConnection(settings, environment);
  if (settings.BACKUP_DATABASE_IAM_AUTH !== 'true') return connection;
  const { host, port, user, sslmode } = connection;
  const region = regionOfHost(host) ?? settings.AWS_REGION ?? settings.AWS_S3_REGION_NAME;
  if (!region) throw wrong(`the region of ${host} is not known`, 'Set AWS_REGION to the region of the RDS instance.');
  const { iamToken } = await awsLogin();
  // RDS takes tokens over TLS only.
  const secure = sslmode === 'prefer' || sslmode === 'allow' ? 'require' : sslmode;
  return { ...connection, sslmode: secure, password: iamToken(host, port, user, region) };
}

/**
 * The SDK is loaded only where it is needed. It goes through a file of our own, because the bundler makes nothing but a
 * default export of a package that is imported on the way.
 */
function awsLogin() {
  return import('./aws-login.js');
}

/** The region in the name of an RDS host; undefined for any other host. */
function regionOfHost(host: string): string | undefined {
  return /\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
}

/** An empty variable counts as unset, because compose files pass those. */
function onlySet(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

function describedConnection(settings: Settings, environment: Environment): Connection {
  const libpq = Object.fromEntries(
    passedOn.flatMap((name) => (environment[name] ? [[name, environment[name] as string]] : [])),
  );
  if (settings.DATABASE_URL) return connectionFromUrl(settings.DATABASE_URL, libpq);
  if (environment.PGSERVICE) {
    throw wrong('PGSERVICE is not supported', 'Set DATABASE_URL, or PGHOST, PGPORT, PGUSER and PGDATABASE.');
  }
  const user = environment.PGUSER || ownName();
  const port = Number(environment.PGPORT || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw wrong(`PGPORT=${environment.PGPORT}: must be a port number`, 'Set PGPORT to the server’s port, often 5432.');
  }
  return {
    host: environment.PGHOST || defaultHost(port),
    port,
    user,
    password: async () => environment.PGPASSWORD || undefined,
    database: environment.PGDATABASE || user,
    sslmode: environment.PGSSLMODE || 'prefer',
    libpq,
    guessed: !namesDatabase(settings, environment),
  };
}

/** Whether the environment says anything at all about a database. */
export function namesDatabase(settings: Settings, environment: Environment): boolean {
  const { DATABASE_URL, BACKUP_DATABASE_SECRET_ARN } = settings;
  return Boolean(
    DATABASE_URL || BACKUP_DATABASE_SECRET_ARN || environment.PGDATABASE || environment.PGHOST || environment.PGUSER,
  );
}

/** As libpq does where nothing names a role. */
function ownName(): string {
  const name = userName();
  if (name !== undefined) return name;
  throw wrong(`nothing names a role, and ${currentUser} has no name`, 'Name one in DATABASE_URL, or by PGUSER.');
}

function connectionFromUrl(text: string, libpq: Record<string, string>): Connection {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong(
      'DATABASE_URL is not a URL',
      'Write postgresql://user:password@host:5432/name, with a port up to 65535, and special characters of the password percent-encoded (# as %23).',
    );
  }
  if (!/^(?:postgres|postgresql|postgis|pgsql|psql):$/.test(url.protocol)) {
    throw wrong(
      `DATABASE_URL begins with "${url.protocol}//"`,
      'Only PostgreSQL can be backed up: postgresql://user:password@host:5432/name.',
    );
  }
  const parameters = url.searchParams;
  const user = decode(url.username) || parameters.get('user') || ownName();
  const port = Number(url.port || parameters.get('port') || 5432);
  const password = decode(url.password) || parameters.get('password') || undefined;
  const database = decode(url.pathname.slice(1)) || parameters.get('dbname') || user;
  const own = Object.entries(urlParameters).flatMap(([name, variable]) => {
    const value = parameters.get(name);
    return value ? [[variable, value] as const] : [];
  });
  return {
    host: decode(url.hostname).replace(/^\[(.*)\]$/, '$1') || parameters.get('host') || defaultHost(port),
    port,
    user,
    password: async () => password,
    database,
    sslmode: parameters.get('sslmode') ?? 'prefer',
    libpq: { ...libpq, ...Object.fromEntries(own) },
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('DATABASE_URL has a % that is not followed by two hexadecimal digits', 'Write a % itself as %25.');
  }
}

/** libpq's own default: the server's Unix socket on this machine. */
function defaultHost(port: number): string {
  const folder = ['/var/run/postgresql', '/tmp'].find((each) => existsSync(`${each}/.s.PGSQL.${port}`));
  return folder ?? 'localhost';
}

function wrong(message: string, hint: string): OperatorError {
  return new OperatorError('SETTINGS_INVALID', message, hint);
}

/** The environment that lets pg_dump, psql and the others connect. Holds the password: for child processes only. */
export async function libpqEnvironment(
  connection: Connection,
  program: string,
  database = connection.database,
): Promise<Record<string, string>> {
  const password = await connection.password();
  return {
    ...connection.libpq,
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGDATABASE: database,
    PGSSLMODE: connection.sslmode,
    PGCONNECT_TIMEOUT: '30',
    PGAPPNAME: `respaldo ${program}`,
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  };
}
