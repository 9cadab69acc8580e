import pg from 'pg';
import { stampOf } from '../../core/archive-name.js';
import { messageOf, OperatorError, saidBy } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { createDatabaseStatement } from '../../core/postgres/create-database.js';
import { isName } from '../../core/postgres/name.js';
import { type DatabaseProperties, serverVersion } from './server.js';
import { isServerGone, serverFailed } from './server-errors.js';

const id = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/** Creates an empty database with the properties given. */
export async function createDatabase(
  client: pg.Client,
  name: string,
  like: DatabaseProperties,
  setOwner: boolean,
): Promise<void> {
  const { major } = await serverVersion(client);
  try {
    await client.query(createDatabaseStatement(name, like, major, setOwner ? like.owner : undefined));
  } catch (cause) {
    if (isServerGone(cause)) throw serverFailed(cause, name);
    throw OperatorError.passingOn(
      'RESTORE_FAILED',
      saidBy(cause),
      (said) => `database "${name}" could not be created: ${said}`,
      'Nothing was changed. Give the restoring role what the server asks for, or use --into or --in-place.',
      { cause },
    );
  }
}

/** Databases that interrupted restores of a database left behind, told by their names. */
export async function abandonedDatabases(client: pg.Client, database: string): Promise<string[]> {
  const stamp = '00000000_000000';
  const prefix = derivedName(database, 'restoring', stamp).slice(0, -stamp.length);
  const { rows } = await client.query<{ name: string }>(
    "SELECT datname AS name FROM pg_database WHERE starts_with(datname::text, $1) AND substr(datname, length($1) + 1) ~ '^[0-9]{8}_[0-9]{6}$'",
    [prefix],
  );
  return rows.map(({ name }) => name);
}

export async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  const { rows } = await client.query<{ force: boolean }>(
    "SELECT current_setting('server_version_num')::int >= 130000 AS force",
  );
  await client.query(`DROP DATABASE IF EXISTS ${id(name)}${rows[0]?.force ? ' WITH (FORCE)' : ''}`);
}

/**
 * Gives the database that takes another's place what is kept outside of that: settings, rights, comment, connection limit.
 * What the role may not set is told with the statement that sets it afterwards, and is no failure.
 */
export async function copyDatabaseSettings(client: pg.Client, from: string, to: string, log: Log): Promise<void> {
  for (const statement of await settingStatements(client, from)) {
    try {
      await client.query(statement(id(to)));
    } catch (error) {
      log.warn(
        `the restored "${from}" lacks a setting: ${messageOf(error)}. As a role that may, afterwards: ${statement(id(from))};`,
      );
    }
  }
}

/** @returns statements for the quoted name of a database */
async function settingStatements(client: pg.Client, from: string): Promise<((database: string) => string)[]> {
  const { rows: settings } = await client.query<{ role: string | null; setting: string }>(
    `SELECT CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole) END AS role, unnest(s.setconfig) AS setting
     FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = $1`,
    [from],
  );
  const { rows: rights } = await client.query<{ grantee: string | null; right: string; grantable: boolean }>(
    `SELECT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END AS grantee, a.privilege_type AS right, a.is_grantable AS grantable
     FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = $1 AND a.grantee <> d.datdba`,
    [from],
  );
  const { rows: others } = await client.query<{ limit: number; comment: string | null; restricted: boolean }>(
    `SELECT datconnlimit AS limit, shobj_description(oid, 'pg_database') AS comment, datacl IS NOT NULL AS restricted
     FROM pg_database WHERE datname = $1`,
    [from],
  );
  const { limit = -1, comment = null, restricted = false } = others[0] ?? {};
  return [
    ...settings.map(({ role, setting }) => {
      const [name = '', value = ''] = splitOnce(setting, '=');
      const whose = role === null ? 'ALTER DATABASE' : `ALTER ROLE ${id(role)} IN DATABASE`;
      const set = `SET ${name.split('.').map(id).join('.')} TO ${listSettings.has(name) ? value || "''" : literal(value)}`;
      return (database: string) => `${whose} ${database} ${set}`;
    }),
    ...(restricted ? [(database: string) => `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`] : []),
    ...rights.map(
      ({ grantee, right, grantable }) =>
        (database: string) =>
          `GRANT ${right} ON DATABASE ${database} TO ${grantee === null ? 'PUBLIC' : id(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`,
    ),
    ...(limit === -1 ? [] : [(database: string) => `ALTER DATABASE ${database} CONNECTION LIMIT ${limit}`]),
    ...(comment === null ? [] : [(database: string) => `COMMENT ON DATABASE ${database} IS ${literal(comment)}`]),
  ];
}

/** Settings whose stored value is a list quoted already: GUC_LIST_QUOTE in PostgreSQL's guc_tables.c. */
const listSettings = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A new database's name: `crm_restoring_20240115_120000`, the base cut to what PostgreSQL's 63 bytes leave. */
export function derivedName(database: string, word: string, stamp: string): string {
  const suffix = `_${word}_${stamp}`;
  let base = database;
  while (Buffer.byteLength(base + suffix) > 63) base = [...base].slice(0, -1).join('');
  return base + suffix;
}

/** The first stamp from `now` on for which none of the names is taken. */
export async function freeStamp(
  client: pg.Client,
  now: Date,
  names: (stamp: string) => readonly string[],
): Promise<string> {
  for (let time = now.getTime(); ; time += 1000) {
    const stamp = stampOf(new Date(time));
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = ANY ($1)', [names(stamp)]);
    if (rowCount === 0) return stamp;
  }
}

/** @throws OperatorError USAGE where PostgreSQL would cut the name off silently */
export function assertDatabaseName(name: string): void {
  if (isName(name)) return;
  throw new OperatorError('USAGE', `"${name}" cannot be a database's name`, 'A name has 1 to 63 bytes.');
}
