import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { pipeline as run } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { wrappingOf } from '../../core/archive-name.js';
import { OperatorError } from '../../core/errors.js';
import { silentLog, silentProgress } from '../../core/log.js';
import type { Manifest, ManifestFile, PartFacts } from '../../core/manifest.js';
import { copyIn } from '../../core/parallel/restore-script.js';
import { saidByServer } from '../../core/postgres/server-message.js';
import { type SqlNames, sqlNames } from '../../core/postgres/sql-names.js';
import { fileDecoders } from '../decode.js';
import { openStorage } from '../open-storages.js';
import { type Connection, connectionFrom } from '../postgres/connection.js';
import { loadingConninfo } from '../postgres/conninfo.js';
import { connect, loseQuickly } from '../postgres/open-session.js';
import { pgRestoreCommand, refusedDump } from '../postgres/pg-restore.js';
import { qualified } from '../postgres/relations.js';
import { isServerGone, serverFailed } from '../postgres/server-errors.js';
import { endure } from '../postgres/timeouts.js';
import { noticeSwallowing } from '../postgres/unacknowledged.js';
import type { Run } from '../run.js';
import { scratchFolder } from '../scratch-folder.js';
import { compareDigest } from '../streams/compare-digest.js';
import { runPipe } from '../streams/pipe.js';
import { wireBy } from '../wire-by.js';
import type { Work } from './worker-loop.js';
import { decompress, hasZstdLibrary } from './zstd.js';

/** What every worker of one restore is told. Nothing in it is secret. */
export interface LoadBrief {
  /** A storage's name, by which it can be opened again. */
  readonly storage: string;
  readonly id: string;
  readonly database: string;
  readonly encoding: string;
  readonly recipients: Manifest['encryption']['recipients'];
  readonly purpose: string;
  /** The directory of pg_restore. */
  readonly binDirectory: string;
  readonly withoutOwners: boolean;
  /** For building indexes: as PGOPTIONS takes it. */
  readonly buildOptions: string;
  readonly schema: ManifestFile;
}

/** What a worker is started with. */
export interface LoadStart extends LoadBrief {
  /** Its task's own, and what that task has read from it. */
  readonly environment: Run['environment'];
  readonly settings: Run['settings'];
}

export type LoadOrder =
  /** Parts of one table, one after the other in one transaction. */
  | { readonly type: 'parts'; readonly files: readonly ManifestFile[]; readonly freeze: boolean }
  /** An archive of pg_dump, through pg_restore. */
  | { readonly type: 'archive'; readonly file: ManifestFile; readonly args: readonly string[] }
  /** Entries of the schema's archive: lines of its table of contents. */
  | { readonly type: 'build'; readonly entries: readonly string[] };

/** Loads parts and builds indexes. */
export async function loadWork(start: LoadStart): Promise<Work<LoadOrder, null>> {
  const { settings, environment } = start;
  const signal = new AbortController().signal;
  const wired = await wireBy(settings, { environment, signal, log: silentLog, progress: silentProgress });
  const connection = await connectionFrom(wired.settings, wired.environment);
  const loader = new Loader(wired, connection, start);
  return {
    close: () => loader.close(),
    recover: () => loader.close(),
    perform: async (order, { signal: abort, onBytes }) => {
      try {
        if (order.type === 'parts') await loader.loadParts(order.files, order.freeze, abort, onBytes);
        else if (order.type === 'archive') await loader.loadArchive(order.file, order.args, abort, onBytes);
        else await loader.build(order.entries, abort);
        return null;
      } catch (error) {
        throw serverFailed(error, start.database);
      }
    },
  };
}

/** @returns false where the table's owner has taken the right to do that away, which is in force by now */
async function empties(session: pg.Client, names: SqlNames, part: PartFacts | undefined): Promise<boolean> {
  if (!part) return false;
  await session.query('SAVEPOINT emptying');
  try {
    await session.query(`TRUNCATE ONLY ${names.table({ schema: part.schema, name: part.table })}`);
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === '42501')) throw error;
    await session.query('ROLLBACK TO emptying');
    return false;
  }
}

class Loader {
  private session: pg.Client | undefined;
  /** A folder with the schema's archive, once it is needed. */
  private schema: string | undefined;

  constructor(
    private readonly run: Run,
    private readonly connection: Connection,
    private readonly start: LoadStart,
  ) {}

  async close(): Promise<void> {
    await this.session?.end().catch(() => {}); // an open transaction is rolled back by the server
    this.session = undefined;
    if (this.schema) await rm(this.schema, { recursive: true, force: true });
    this.schema = undefined;
  }

  /** Rows of a table that was made or emptied in the same transaction can be written frozen: nothing has to touch them again. */
  async loadParts(
    files: readonly ManifestFile[],
    wanted: boolean,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    this.session ??= await this.open();
    const session = this.session;
    await session.query('BEGIN');
    const names = sqlNames(this.start.encoding);
    const freeze = wanted && (await empties(session, names, files[0]?.part));
    for (const file of files) {
      const part = file.part as PartFacts;
      const rows = session.query(copyFrom(copyIn(part, names, freeze ? ', FREEZE' : '')));
      try {
        await this.decoded(file, signal, onBytes, (stream) => run(stream, rows));
      } catch (error) {
        throw error instanceof pg.DatabaseError && !isServerGone(error) ? refusedDump(saidByServer(error)) : error;
      }
      if (rows.rowCount !== part.rows) throw this.rowsDiffer(part, rows.rowCount);
    }
    await session.query('COMMIT');
  }

  async loadArchive(
    file: ManifestFile,
    args: readonly string[],
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const command = await this.pgRestore(args);
    await this.decoded(file, signal, onBytes, async (stream) => {
      await runPipe([command], { input: stream, signal });
    });
  }

  async build(entries: readonly string[], signal: AbortSignal): Promise<void> {
    this.schema ??= await this.fetchSchema(signal);
    const list = join(this.schema, 'list');
    await writeFile(list, `${entries.join('\n')}\n`, { mode: 0o600 });
    await runPipe([await this.pgRestore([`--use-list=${list}`, join(this.schema, 'dump')])], { signal });
  }

  /** pg_restore reads the schema's archive for each table: it stands in a folder of this worker's own meanwhile. */
  private async fetchSchema(signal: AbortSignal): Promise<string> {
    const folder = await scratchFolder('schema');
    try {
      await this.decoded(
        this.start.schema,
        signal,
        () => {},
        (stream) => writeFile(join(folder, 'dump'), stream, { mode: 0o600 }),
      );
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What a file holds: read, compared with the manifest, decrypted, decompressed. */
  private async decoded<T>(
    file: ManifestFile,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
    use: (stream: Readable) => Promise<T>,
  ): Promise<T> {
    const storage = await openStorage(this.start.storage, this.run.settings);
    let told = 0;
    const digest = compareDigest(file, this.start.id, (bytes) => {
      onBytes(bytes - told);
      told = bytes;
    });
    const stored = pipeline(await storage.read(file.key, { signal }), digest, () => {}); // the reader gets the error
    const wrapping = wrappingOf(file.key);
    if (!wrapping)
      throw new OperatorError(
        'MANIFEST_INVALID',
        `what is in ${file.key} cannot be told from its name`,
        'Use another backup.',
      );
    const inProcess = wrapping.compression === 'zstd' && hasZstdLibrary();
    const outside = inProcess ? { ...wrapping, compression: 'none' as const } : wrapping;
    const programs = await fileDecoders(outside, this.start.recipients, this.run.settings);
    const finish = (stream: Readable) => use(inProcess ? decompress(stream) : stream);
    if (programs.length === 0) return finish(stored);
    return (await runPipe(programs, { input: stored, output: finish, signal })).value;
  }

  private async open(): Promise<pg.Client> {
    const client = await connect(this.connection, this.start.purpose, this.start.database);
    await client.query(
      `SELECT set_config('client_encoding', $1, false), set_config('synchronous_commit', 'off', false),
              set_config('lock_timeout', '0', false), ${loseQuickly}`,
      [this.start.encoding],
    );
    await endure(client);
    await noticeSwallowing(client);
    return client;
  }

  private pgRestore(args: readonly string[]) {
    const { binDirectory, database, withoutOwners, buildOptions } = this.start;
    return pgRestoreCommand(
      {
        connection: this.connection,
        database,
        clients: { directory: binDirectory },
        withoutOwners,
        sessionOptions: buildOptions,
      },
      [`--dbname=${loadingConninfo(database)}`, ...args],
    );
  }

  private rowsDiffer({ schema, table, rows }: PartFacts, loaded: number | null): OperatorError {
    return new OperatorError(
      'COMPARISON_DIFFERS',
      `${this.start.id}: a part of ${qualified({ schema, name: table })} has ${loaded} rows, the manifest says ${rows}`,
      'The running database is as it was. Use another backup: respaldo list.',
    );
  }
}
