import type pg from 'pg';
import { chooseTables } from '../core/choose-tables.js';
import { messageOf, OperatorError } from '../core/errors.js';
import { compareFingerprints } from '../core/fingerprint.js';
import type { Manifest, TableFacts } from '../core/manifest.js';
import { announcingRestore } from './announce.js';
import { decoders, readArchive } from './decode.js';
import type { FoundArchive } from './find-archive.js';
import { loadParallel } from './parallel/load-parallel.js';
import { type Clients, clientsFor, type ServerVersion } from './postgres/clients.js';
import { type Connection, connect, connectionFrom, withSession } from './postgres/connection.js';
import {
  abandonedDatabases,
  assertDatabaseName,
  copyDatabaseSettings,
  createDatabase,
  derivedName,
  dropDatabase,
  freeStamp,
} from './postgres/create-database.js';
import { holdTarget } from './postgres/hold.js';
import { committing, emptyDatabase } from './postgres/in-place.js';
import { loadDump } from './postgres/load.js';
import { assertNothingLacks, lacking, roleRights } from './postgres/preflight.js';
import { countRows } from './postgres/relations.js';
import { type DatabaseProperties, databaseProperties, serverVersion } from './postgres/server.js';
import { swapDatabases } from './postgres/swap.js';
import type { Run } from './run.js';
import type { Command } from './streams/command.js';
import { runPipe } from './streams/pipe.js';

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
}

export interface DatabaseRestoreResult {
  readonly database: string;
  /** The database that was in service before; undefined where there was none. */
  readonly kept: string | undefined;
  readonly tables: number;
  readonly rows: number;
  /** False where no manifest said what the result should be. */
  readonly compared: boolean;
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
  const decode = await decoders(found, run.settings);
  const connection = await connectionFrom(run.settings, run.environment);
  const database = options.into ?? connection.database;
  assertDatabaseName(database);
  return withSession(
    connection,
    'restore plan',
    async (client) => {
      const server = await serverVersion(client);
      const clients = await clientsFor(server, `restore of ${found.id} not begun`, run.settings.PG_BINDIR);
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
          `Use --in-place, or as a superuser: ALTER ROLE "${rights.name}" CREATEDB.`,
        );
      }
      if (facts) assertNothingLacks(await lacking(client, facts, rights), options.withoutOwners);
      const names = (stamp: string) =>
        [derivedName(database, 'restoring', stamp), derivedName(database, 'before', stamp)] as const;
      const [restoreName, keptName] = names(await freeStamp(client, run.now(), names));
      const mode = options.inPlace ? 'in place' : options.into === undefined ? 'swap' : 'into';
      return {
        found,
        options,
        connection,
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
      `${id} is one archive of all tables: --table is for parallel backups, whose tables are objects of their own`,
      'Restore all of it with --into a new database, and take the table from there.',
    );
  }
  if (into === undefined) {
    throw new OperatorError(
      'USAGE',
      '--table: one table cannot replace the whole database',
      'Add --into with the name of a new database; copy from there what you need.',
    );
  }
  return chooseTables(tables, manifest.database?.tables ?? [], id);
}

/**
 * Does what the plan says. Whatever fails before the swap leaves the running database as it was and drops what was
 * restored beside it.
 */
export function restoreDatabase(run: Run, plan: DatabaseRestorePlan): Promise<DatabaseRestoreResult> {
  const describe = ({ database, kept }: DatabaseRestoreResult) => ({ into: database, kept });
  return announcingRestore(run, 'database', plan.found.id, () => carryOut(run, plan), describe);
}

async function carryOut(run: Run, plan: DatabaseRestorePlan): Promise<DatabaseRestoreResult> {
  const { connection, found } = plan;
  const maintenance = await maintenanceDatabase(connection);
  const purpose = `restore ${found.id}`;
  return withSession(
    connection,
    purpose,
    (client) =>
      withHold(run, plan, client, purpose, async (release) => {
        if (plan.mode === 'in place') return restoreInPlace(run, plan);
        return restoreBeside(run, plan, client, maintenance, release);
      }),
    maintenance,
  );
}

/** Keeps backups and other restores of the target away: one hold for restores of it, one on the running database for backups. */
async function withHold<T>(
  run: Run,
  { connection, running, mode, database, found }: DatabaseRestorePlan,
  client: pg.Client,
  purpose: string,
  use: (release: () => Promise<void>) => Promise<T>,
): Promise<T> {
  if (mode === 'into') return use(async () => {});
  const target = run.settings.BACKUP_TARGET ?? '';
  const holder = await connect(connection, purpose, client.database ?? 'postgres');
  const runningHolder = running ? await connect(connection, purpose, database) : undefined;
  const release = async () => {
    await runningHolder?.end().catch(() => {}); // it held nothing but the hold
  };
  try {
    for (const [session, name] of [
      [holder, `restore of ${database}/${target}`],
      [runningHolder, target],
    ] as const) {
      if (!session) continue;
      await session.query('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
      await holdTarget(session, session === holder ? `${database}, for a restore,` : database, name);
    }
    run.log.info(`restoring ${found.id} from ${found.storage.name}`);
    return await use(release);
  } finally {
    await release();
    await holder.end().catch(() => {}); // likewise
  }
}

async function restoreBeside(
  run: Run,
  plan: DatabaseRestorePlan,
  client: pg.Client,
  maintenance: string,
  release: () => Promise<void>,
): Promise<DatabaseRestoreResult> {
  const { connection, restoreName, keptName, database, running, like, options, mode } = plan;
  if (mode === 'swap') await dropAbandoned(run, client, database);
  await createDatabase(client, restoreName, like, !options.withoutOwners);
  let compared: Compared;
  try {
    await load(run, plan);
    compared = await compare(plan);
    run.signal.throwIfAborted();
  } catch (error) {
    await dropDatabase(client, restoreName).catch((reason) => {
      run.log.warn(`"${restoreName}" could not be dropped, the next restore does it: ${messageOf(reason)}`);
    });
    throw error;
  }
  if (running) await copyDatabaseSettings(client, database, restoreName, run.log);
  if (mode === 'into') return { database, kept: undefined, ...compared };
  await release();
  await withSession(
    connection,
    'restore, ending sessions',
    (ender) => swapDatabases(client, ender, { live: database, restored: restoreName, kept: keptName }),
    maintenance,
  );
  return { database, kept: keptName, ...compared };
}

/** The archive is read twice: once to see that it is whole, once to restore it. */
async function restoreInPlace(run: Run, plan: DatabaseRestorePlan): Promise<DatabaseRestoreResult> {
  const { found, decoders: decode } = plan;
  const step = run.progress.start(`checking ${found.id}`, found.archive.bytes);
  const archive = await readArchive(found, step, run.signal);
  const drain = async (stream: NodeJS.ReadableStream) => {
    for await (const _ of stream);
  };
  if (decode.length === 0) await drain(archive);
  else await runPipe(decode, { input: archive, output: drain, signal: run.signal });
  await committing(plan.connection, plan.database, run.log, (mark) => load(run, plan, `${emptyDatabase}\n${mark}`));
  return { database: plan.database, kept: undefined, ...(await compare(plan)) };
}

async function load(run: Run, plan: DatabaseRestorePlan, atomicAfter?: string): Promise<void> {
  const { found, connection, restoreName, clients, options } = plan;
  if (found.manifest?.format === 'parallel') return loadParallel(run, plan, found.manifest, options.jobs);
  const step = run.progress.start(`restoring ${found.id}`, found.archive.bytes);
  await loadDump(await readArchive(found, step, run.signal), found.wrapping.content as 'sql' | 'dump', plan.decoders, {
    connection,
    database: restoreName,
    clients,
    withoutOwners: options.withoutOwners,
    signal: run.signal,
    ...(atomicAfter === undefined ? {} : { atomicAfter }),
  });
  step.end();
}

type Compared = Pick<DatabaseRestoreResult, 'tables' | 'rows' | 'compared'>;

/** @throws OperatorError COMPARISON_DIFFERS naming the tables */
async function compare({ found, connection, restoreName, tables: chosen }: DatabaseRestorePlan): Promise<Compared> {
  const expected = (chosen ?? found.manifest?.database?.tables)?.filter(({ rows }) => rows !== undefined);
  if (!expected) return { tables: 0, rows: 0, compared: false };
  const restored = await withSession(
    connection,
    'restore, comparing',
    (client) => countRows(client, expected),
    restoreName,
  );
  const { tables, rows, differences } = compareFingerprints({ tables: expected }, { tables: restored });
  if (differences.length === 0) return { tables, rows, compared: true };
  throw new OperatorError(
    'COMPARISON_DIFFERS',
    `${found.id} restores to something else than was backed up:\n  ${differences.slice(0, 10).join('\n  ')}`,
    'The running database is as it was. Use another backup (respaldo list) and report this one.',
  );
}

/** What killed restores left. The hold makes sure that no living one is at work on it. */
async function dropAbandoned(run: Run, client: pg.Client, database: string): Promise<void> {
  for (const name of await abandonedDatabases(client, database)) {
    run.log.info(`dropping "${name}", left by an interrupted restore`);
    await dropDatabase(client, name);
  }
}

/** A database to be connected to while the running one is renamed. */
async function maintenanceDatabase(connection: Connection): Promise<string> {
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
  return { ...fallback, encoding: facts.encoding, collation: facts.collation, ctype: facts.ctype, owner: facts.owner };
}
