import type pg from 'pg';
import type { DatabaseLocale } from '../../core/postgres/create-database.js';
import type { ServerVersion } from './clients.js';

/** The server's version, as the client's choice and the manifest need it. */
export async function serverVersion(client: pg.Client): Promise<ServerVersion> {
  const { rows } = await client.query<{ number: string; text: string }>(
    "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS text",
  );
  const { number = '0', text = '' } = rows[0] ?? {};
  return { major: Math.floor(Number(number) / 10_000), text: text.split(' ')[0] ?? text };
}

/** What CREATE DATABASE needs to make a database like another. */
export interface DatabaseProperties extends DatabaseLocale {
  readonly owner: string;
  readonly bytes: number;
}

/** The properties of a database, or undefined where there is none of that name. */
export async function databaseProperties(client: pg.Client, name: string): Promise<DatabaseProperties | undefined> {
  const { major } = await serverVersion(client);
  // The columns came and were renamed with the versions: pg_database in the manuals of 14, 15, 16 and 17.
  const provider = major >= 15 ? 'd.datlocprovider::text' : "'c'";
  const locale = major >= 17 ? 'd.datlocale' : major >= 15 ? 'd.daticulocale' : 'NULL';
  const rules = major >= 16 ? 'd.daticurules' : 'NULL';
  const { rows } = await client.query(
    `SELECT pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collation, d.datctype AS ctype,
            ${provider} AS provider, ${locale} AS locale, ${rules} AS rules, pg_get_userbyid(d.datdba) AS owner,
            CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) ELSE 0 END AS bytes
     FROM pg_database d WHERE d.datname = $1`,
    [name],
  );
  const row = rows[0];
  if (!row) return undefined;
  return {
    encoding: row.encoding,
    collation: row.collation,
    ctype: row.ctype,
    localeProvider: { c: 'libc', i: 'icu', b: 'builtin' }[row.provider as string] ?? 'libc',
    locale: row.locale ?? undefined,
    icuRules: row.rules ?? undefined,
    owner: row.owner,
    bytes: Number(row.bytes),
  };
}
