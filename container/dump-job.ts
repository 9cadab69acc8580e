import { join } from 'node:path';
import type { Compression } from '../core/archive-name.js';
import type { DatabaseFacts, Manifest } from '../core/manifest.js';
import type { Draft } from './backup.js';
import type { Clients } from './postgres/clients.js';
import type { Connection } from './postgres/connection.js';
import { dumpCommand } from './postgres/dump.js';
import { assertReadable } from './postgres/readable.js';
import { describeDatabase, type Relation, relations } from './postgres/relations.js';
import { resolveSelection, type Selection, selectionArguments } from './postgres/selection.js';
import { type DatabaseProperties, databaseProperties } from './postgres/server.js';
import type { Snapshot } from './postgres/snapshot.js';
import { superusersOwn } from './postgres/superusers-own.js';
import type { Run } from './run.js';
import type { StoredFiles } from './stored-files.js';
import type { Command } from './streams/command.js';
import type { Compressor } from './streams/compress.js';
import type { Encryptor } from './streams/encrypt.js';

export interface DatabaseBackupOptions {
  /** `auto`: parallel for a large database, custom for others. */
  readonly format: DumpFormat | 'auto';
  readonly compression: Compression;
  readonly uploadS3: boolean;
  readonly selection: Selection;
  /** Whether roles and memberships are stored too. */
  readonly globals: 'none' | 'without passwords' | 'with passwords';
  /** Workers of a parallel dump, in each task. */
  readonly jobs?: number | undefined;
  /** Tasks that share a parallel dump, this one counted; undefined: as the settings say. */
  readonly tasks?: number | undefined;
  /** Bytes a second that a parallel dump reads at most. */
  readonly maxRate?: number | undefined;
}

export type DumpFormat = 'plain' | 'custom' | 'parallel';

/** What one dump has found out and works with. */
export interface DumpJob {
  readonly run: Run;
  readonly options: DatabaseBackupOptions & { readonly format: DumpFormat };
  readonly draft: Draft;
  readonly connection: Connection;
  readonly compressor: Compressor | undefined;
  readonly encryptor: Encryptor | undefined;
  readonly snapshot: Snapshot;
  readonly clients: Clients;
  /** `15.13` */
  readonly server: string;
}

/** pg_dump of the job's snapshot. */
export function dumpOf({ connection, clients, snapshot, run }: DumpJob, args: readonly string[]): Promise<Command> {
  const lockTimeoutSeconds = run.settings.BACKUP_LOCK_TIMEOUT;
  return dumpCommand({ connection, clients, snapshot: snapshot.id, lockTimeoutSeconds }, args);
}

export interface ChosenTables {
  readonly withData: readonly Relation[];
  /** Their definition is dumped, their rows are not. */
  readonly withoutData: readonly Relation[];
}

/**
 * The tables that the selection chooses.
 *
 * @throws OperatorError NOT_READABLE for what may not be read
 */
export async function chooseTables(job: DumpJob): Promise<ChosenTables> {
  const { client } = job.snapshot;
  const all = await relations(client);
  const { selection } = job.options;
  let included = all;
  let withoutData: ReadonlySet<number> = new Set();
  if (selectionArguments(selection).length > 0) {
    const pgRestore = join(job.clients.directory, 'pg_restore');
    const resolved = await resolveSelection(selection, (args) => dumpOf(job, args), pgRestore, job.run.signal);
    included = all.filter(({ oid }) => resolved.included.has(oid));
    withoutData = resolved.withoutData;
  }
  await assertReadable(client, job.connection.database, included);
  const tables = included.filter(({ kind }) => kind === 'table');
  return {
    withData: tables.filter(({ oid }) => !withoutData.has(oid)),
    withoutData: tables.filter(({ oid }) => withoutData.has(oid)),
  };
}

/** What the manifest tells of the database; its tables are filled in when they are counted. */
export async function databaseFacts({
  snapshot,
  connection,
  server,
  clients,
  options,
}: DumpJob): Promise<DatabaseFacts> {
  const properties = await databaseProperties(snapshot.client, connection.database);
  const selection = selectionArguments(options.selection);
  return {
    name: connection.database,
    bytes: properties?.bytes ?? 0,
    serverVersion: server,
    clientVersion: clients.version,
    encoding: properties?.encoding ?? '',
    collation: properties?.collation ?? '',
    ctype: properties?.ctype ?? '',
    ...(properties ? localeFacts(properties) : {}),
    owner: properties?.owner ?? '',
    ...(await describeDatabase(snapshot.client)),
    superusersOwn: await superusersOwn(snapshot.client),
    tables: [],
    ...(selection.length > 0 ? { selection } : {}),
  };
}

/** With a selection, which tables come without rows: a table that is not counted may still have them. */
export function leftOut({ options }: DumpJob, { withoutData }: ChosenTables): Pick<DatabaseFacts, 'withoutRows'> {
  if (selectionArguments(options.selection).length === 0) return {};
  return { withoutRows: withoutData.map(({ schema, name }) => ({ schema, name })) };
}

/** A provider has a locale and rules, or has not: absent ones are not written. */
function localeFacts({ localeProvider, locale, icuRules }: DatabaseProperties) {
  return { localeProvider, ...(locale ? { locale } : {}), ...(icuRules ? { icuRules } : {}) };
}

/** To be called when all files are stored: it names them. */
export function manifestOf({ options }: DumpJob, database: DatabaseFacts, stored: StoredFiles): Manifest {
  return { ...stored.manifest(options.format), database };
}
