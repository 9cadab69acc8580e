import type pg from 'pg';
import { OperatorError } from '../core/errors.js';
import type { Manifest, TableFacts } from '../core/manifest.js';
import { chooseTables } from '../core/parallel/choose-tables.js';
import { localeOf } from '../core/postgres/create-database.js';
import { decoders } from './decode.js';
import { assertListedWhole, type FoundArchive } from './find-archive.js';
import { type Clients, clientsFor, installedClients, type ServerVersion } from './postgres/clients.js';
import { type Connection, connectionFrom } from './postgres/connection.js';
import { assertDatabaseName, derivedName, freeStamp } from './postgres/create-database.js';
import { withoutEventTriggers } from './postgres/event-triggers.js';
import { withSession } from './postgres/open-session.js';
import { assertMayMakeSchemas, assertNothingLacks, lacking, roleRights } from './postgres/preflight.js';
import { type DatabaseProperties, databaseProperties, serverVersion } from './postgres/server.js';
import type { Run } from './run.js';
import type { Command } from './streams/command.js';

export interface DatabaseRestoreOptions {
  /** Restore into a new database of this name and leave the running one alone. */
  readonly into?: string | undefined;
  /** Replace the contents of the running database in one transaction, for roles that may not create databases. */
  readonly inPlace: boolean;
  readonly withoutOwners: boolean;
  /** Workers that load a parallel backup. */
  readonly jobs?: number | undefined;
  /** Of a parallel backup, only the rows of these tables; all where it is empty. */
  readonly tables?: readonly string[];
  /** Tasks that share its load, this one counted; undefined: as the settings say. */
  readonly tasks?: number | undefined;
  /** Done in the new database before anything is loaded; it also lets owners create there. */
  readonly prepare?: (() => Promise<void>) | undefined;
}

/** What a restore will do, found out without changing anything. */
export interface DatabaseRestorePlan {
  readonly found: FoundArchive;
  readonly options: DatabaseRestoreOptions;
  readonly connection: Connection;
  readonly server: ServerVersion;
  readonly clients: Clients;
  readonly decoders: readonly Command[];
  readonly mode: 'swap' | 'into' | 'in place';
  /** Whose data are replaced, or the name of the new database. */
  readonly database: string;
  /** The running database, where there is one of that name. */
  readonly running: DatabaseProperties | undefined;
  /** What the new database is made like. */
  readonly like: DatabaseProperties;
  /** The name that the data are restored under, before any swap. */
  readonly restoreName: string;
  /** The name that the running database gets. */
  readonly keptName: string | undefined;
  /** The only tables whose rows are restored; undefined for all. */
  readonly tables: readonly TableFacts[] | undefined;
  /** Those who must be let create in the schemas while the dump is loaded. */
  readonly owners: readonly string[];
}

/**
 * Finds out whether and how an archive can be restored. Changes nothing and downloads nothing.
 *
 * @throws OperatorError with whatever would make the restore fail: keys, clients, roles, extensions, rights
 */
export async function planDatabaseRestore(
  run: Run,
  found: FoundArchive,
  options: DatabaseRestoreOptions,
): Promise<DatabaseRestorePlan> {
  if (found.wrapping.content === 'tar') {
    throw new OperatorError(
      'USAGE',
      `${found.id} holds media files, not a database`,
      `Restore it with: respaldo restore --media ${found.id}.`,
    );
  }
  const tables = restrictTables(found, options);
  if (!tables) assertListedWhole(found);
  const decode = await decoders(found, run.settings);
  const connection = await connectionFrom(run.settings, run.environment);
  const database = options.into ?? connection.database;
  assertDatabaseName(database);
  return withSession(
    connection,
    'restore plan',
    async (client) => {
      const server = await serverVersion(client);
      const clients = await clientsFor(
        server,
        `restore of ${found.id} not begun`,
        installedClients(run.settings.PG_BINDIR),
      );
      const running = await databaseProperties(client, database);
      const facts = found.manifest?.database;
      const rights = await roleRights(client);
      if (options.into !== undefined && running) {
        throw new OperatorError(
          'USAGE',
          `a database "${options.into}" exists already`,
          'Give --into a new name; nothing is ever restored over a database by that option.',
        );
      }
      if (options.inPlace && !running) {
        throw new OperatorError(
          'USAGE',
          `--in-place: there is no database "${database}"`,
          'Create it first, or leave --in-place out.',
        );
      }
      if (!options.inPlace && !rights.createDatabase) {
        throw new OperatorError(
          'TARGET_LACKS',
          `role "${rights.name}" may not create databases, so nothing can be restored beside "${database}"`,
          `Use --in-place, or as a superuser or a role with CREATEROLE and CREATEDB: ALTER ROLE "${rights.name}" CREATEDB.`,
        );
      }
      // In place, whose the database is does not change.
      const needed = facts && (options.inPlace ? { ...facts, owner: '' } : facts);
      if (needed) assertNothingLacks(await lacking(client, needed, rights), options.withoutOwners);
      if (needed && options.inPlace) await assertMayMakeSchemas(client, database, needed, rights);
      const { superusersOwn = [] } = facts ?? {};
      if (superusersOwn.length > 0 && !rights.superuser && !options.prepare) {
        run.log.warn(
          `${found.id} holds what only a superuser may make, unless the provider lets "${rights.name}" do it; else the restore will fail at its end, and the running database stay as it is: ${superusersOwn.slice(0, 10).join('; ')}`,
        );
      }
      const names = (stamp: string) =>
        [derivedName(database, 'restoring', stamp), derivedName(database, 'before', stamp)] as const;
      const [restoreName, keptName] = names(await freeStamp(client, run.now(), names));
      const mode = options.inPlace ? 'in place' : options.into === undefined ? 'swap' : 'into';
      return {
        found,
        options,
        connection: await withoutEventTriggers(client, server, connection),
        server,
        clients,
        decoders: decode,
        mode,
        database,
        running,
        like: running ?? propertiesFrom(found.manifest, await defaultProperties(client)),
        restoreName: mode === 'swap' ? restoreName : database,
        keptName: mode === 'swap' && running ? keptName : undefined,
        tables,
        owners: rights.superuser || options.withoutOwners || options.prepare ? [] : (facts?.owners ?? []),
      };
    },
    await maintenanceDatabase(connection),
  );
}

/** What of a parallel backup is asked for. @throws OperatorError USAGE for what its format cannot do */
function restrictTables(
  { id, manifest }: FoundArchive,
  { tables = [], into, inPlace }: DatabaseRestoreOptions,
): TableFacts[] | undefined {
  const isParallel = manifest?.format === 'parallel';
  if (isParallel && inPlace) {
    throw new OperatorError(
      'USAGE',
      `${id} is a parallel backup: it comes over many sessions, so it cannot replace a database in one transaction`,
      'Restore it beside (without --in-place, by a role with CREATEDB), or with --into a new database.',
    );
  }
  if (tables.length === 0) return undefined;
  if (!isParallel) {
    throw new OperatorError(
      'USAGE',
      `${id} is one archive of all tables: --table with --into is for parallel backups, whose tables are objects of their own`,
      'Leave --into out: the table then comes back beside the present one, under another name. Or restore all of it into the new database.',
    );
  }
  if (into === undefined) {
    throw new OperatorError(
      'USAGE',
      '--table: one table cannot replace the whole database',
      'Add --into with the name of a new database; copy from there what you need.',
    );
  }
  return chooseTables(tables, manifest.database, id);
}
/** A database to be connected to while the running one is renamed. */
export async function maintenanceDatabase(connection: Connection): Promise<string> {
  let failure: unknown;
  for (const name of ['postgres', 'template1', connection.database]) {
    try {
      return await withSession(connection, 'restore', async () => name, name);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

async function defaultProperties(client: pg.Client): Promise<DatabaseProperties> {
  const properties = await databaseProperties(client, 'template0');
  const { rows } = await client.query<{ role: string }>('SELECT current_user AS role');
  return { ...(properties as DatabaseProperties), owner: rows[0]?.role ?? '' };
}

/** As the manifest tells, where there is one; else as the server makes databases. */
function propertiesFrom(manifest: Manifest | undefined, fallback: DatabaseProperties): DatabaseProperties {
  const facts = manifest?.database;
  if (!facts) return fallback;
  return { ...fallback, ...localeOf(facts, fallback), owner: facts.owner };
}
