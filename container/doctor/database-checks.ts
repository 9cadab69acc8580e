import pg from 'pg';
import prettyBytes from 'pretty-bytes';
import { clientsFor, installedClients } from '../postgres/clients.js';
import { connectionFrom, namesDatabase } from '../postgres/connection.js';
import { withSession } from '../postgres/open-session.js';
import { lacking, roleRights } from '../postgres/preflight.js';
import { assertReadable } from '../postgres/readable.js';
import { describeDatabase, relations } from '../postgres/relations.js';
import { databaseProperties, serverVersion } from '../postgres/server.js';
import { superusersOwn } from '../postgres/superusers-own.js';
import type { Run } from '../run.js';
import { type Check, notTried, warn } from './check.js';

/** Whether the database can be reached, read, dumped and restored. */
export function databaseChecks(run: Run): Check[] {
  const { settings, environment } = run;
  if (!namesDatabase(settings, environment)) {
    return [
      {
        what: 'database',
        run: async () => warn('no database is named', 'Set DATABASE_URL=postgresql://user:password@host:5432/name.'),
      },
    ];
  }
  let reached = false;
  const session = async <T>(use: (client: pg.Client, name: string) => Promise<T>) => {
    const connection = await connectionFrom(settings, environment);
    return withSession(connection, 'doctor', (client) => use(client, connection.database));
  };
  const inSession =
    <T>(use: (client: pg.Client, name: string) => Promise<T>) =>
    async () =>
      reached ? session(use) : notTried('the database was not reached');
  return [
    {
      what: 'database reachable',
      run: () =>
        session(async (client, name) => {
          reached = true;
          const properties = await databaseProperties(client, name);
          return `"${name}", ${prettyBytes(properties?.bytes ?? 0)}, PostgreSQL ${(await serverVersion(client)).text}`;
        }),
    },
    {
      what: 'pg_dump fits the server',
      run: inSession(async (client, name) => {
        const fitting = await clientsFor(
          await serverVersion(client),
          `"${name}" cannot be backed up`,
          installedClients(settings.PG_BINDIR),
        );
        return `${fitting.version} in ${fitting.directory}`;
      }),
    },
    {
      what: 'database readable',
      run: inSession(async (client, name) => {
        const all = await relations(client);
        await assertReadable(client, name, all);
        return `${all.length} tables and sequences`;
      }),
    },
    { what: 'restore possible', run: inSession(restorable) },
    { what: 'kept databases', run: inSession(kept) },
  ];
}

async function restorable(client: pg.Client, database: string) {
  const rights = await roleRights(client);
  const { name, superuser, createDatabase } = rights;
  if (!createDatabase) {
    return warn(
      `"${name}" may not create databases: restores need --in-place, or another role`,
      `As a superuser or a role with CREATEROLE and CREATEDB: ALTER ROLE ${pg.escapeIdentifier(name)} CREATEDB;`,
    );
  }
  const owner = (await databaseProperties(client, database))?.owner ?? '';
  const { roles } = await lacking(client, { ...(await describeDatabase(client)), owner }, rights);
  const superusers = superuser ? [] : await superusersOwn(client);
  const lacks = [...roles, ...superusers.map((what) => `only a superuser may make it again: ${what}`)];
  if (lacks.length === 0) return `"${name}" may create databases, and restore what is in this one`;
  return warn(
    lacks.join('\n  '),
    'Grant what is said above, or restore as another role or, where it is owners and rights alone, with --no-owner.',
  );
}

/** What earlier restores left: databases kept on purpose, and those of interrupted runs. */
async function kept(client: pg.Client, name: string) {
  const { rows } = await client.query<{ datname: string; bytes: string }>(
    `SELECT datname, CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) ELSE 0 END AS bytes
     FROM pg_database
     WHERE starts_with(datname::text, left($1, 40)) AND datname ~ '_(before|restoring|restored)_[0-9]{8}_[0-9]{6}$' ORDER BY 1`,
    [name],
  );
  if (rows.length === 0) return 'none from earlier restores';
  const named = rows.map(({ datname, bytes }) => `${datname} (${prettyBytes(Number(bytes))})`);
  return warn(
    `from earlier restores: ${named.join(', ')}`,
    `When they are not needed any more: ${rows.map(({ datname }) => `DROP DATABASE ${pg.escapeIdentifier(datname)};`).join(' ')}`,
  );
}
