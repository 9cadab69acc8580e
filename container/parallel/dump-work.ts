import { messageOf } from '../../core/errors.js';
import { noStep, silentLog, silentProgress } from '../../core/log.js';
import type { ManifestFile } from '../../core/manifest.js';
import type { Storage } from '../../core/storage.js';
import { archive } from '../archive.js';
import { connectionFrom } from '../postgres/connection.js';
import { serverFailed } from '../postgres/server-errors.js';
import type { Run } from '../run.js';
import { chooseCompressor } from '../streams/compress.js';
import { type Encryptor, encryptor } from '../streams/encrypt.js';
import { wireBy } from '../wire-by.js';
import type { CopySource } from './copy-source.js';
import { DumpSession } from './dump-session.js';
import { bare } from './encoder.js';
import type { Performance, Work } from './worker-loop.js';
import { hasZstdLibrary, ZstdEncoder } from './zstd.js';

/** What every worker of one dump is told. Nothing in it is secret. */
export interface DumpBrief {
  readonly snapshot: string;
  readonly purpose: string;
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
  /** The database's. */
  readonly encoding: string;
  readonly level: number;
  readonly bytesPerSecond: number | undefined;
}

/** What a worker is started with. */
export interface DumpStart extends DumpBrief {
  /** Its task's own, and what that task has read from it. */
  readonly environment: Run['environment'];
  readonly settings: Run['settings'];
}

/** One part to copy into storage. */
export interface DumpOrder {
  readonly source: CopySource;
  /** Whether the rows are hashed on their way, or only counted. */
  readonly hashes: boolean;
  /** Without suffix; a second try gets a key of its own, because the first one's may have arrived after all. */
  readonly key: string;
  readonly storages: readonly Storage['type'][];
  readonly expectedBytes: number;
}

export interface DumpedPart {
  readonly file: ManifestFile;
  readonly rows: number;
  /** The sum of the rows' hashes, in decimal. */
  readonly hashSum: string | undefined;
  readonly uncompressedBytes: number;
  readonly failures: readonly { readonly storage: Storage['type']; readonly reason: string }[];
}

/** Copies parts of tables out of one snapshot, compresses, encrypts and stores them. */
export async function dumpWork(start: DumpStart): Promise<Work<DumpOrder, DumpedPart>> {
  const { settings, environment } = start;
  const signal = new AbortController().signal;
  const run = await wireBy(settings, { environment, signal, log: silentLog, progress: silentProgress });
  const seal = await encryptor(run.settings);
  const connection = await connectionFrom(run.settings, run.environment);
  let session: DumpSession | undefined;
  return {
    close: async () => session?.leave(),
    recover: async () => {
      await session?.close();
      session = undefined;
    },
    perform: async (order, performance) => {
      try {
        session ??= await DumpSession.open({
          connection,
          purpose: start.purpose,
          snapshot: start.snapshot,
          tables: start.tables,
          encoding: start.encoding,
          lockTimeoutSeconds: run.settings.BACKUP_LOCK_TIMEOUT,
        });
        const key = performance.attempt === 1 ? order.key : `${order.key}-again-${performance.attempt}`;
        return await copyPart(run, session, seal, start, { ...order, key }, performance);
      } catch (error) {
        throw serverFailed(error, connection.database);
      }
    },
  };
}

async function copyPart(
  run: Run,
  session: DumpSession,
  seal: Encryptor | undefined,
  { level, bytesPerSecond }: DumpStart,
  { source, hashes, key, storages, expectedBytes }: DumpOrder,
  { signal, onBytes, isFree }: Performance,
): Promise<DumpedPart> {
  const ownZstd = hasZstdLibrary();
  const compressor = ownZstd ? undefined : await chooseCompressor('zstd', level);
  const into = run.storages.filter(({ type }) => storages.includes(type));
  const stream = session.copy(source, {
    encoder: ownZstd ? new ZstdEncoder(level) : bare,
    hashed: hashes ? source.format : undefined,
    bytesPerSecond,
    onBytes,
  });
  stream.copied.then(
    // What goes to S3 is in memory until it is there: no second part beside it.
    () => into.every(({ type }) => type === 'local') && isFree(),
    () => {}, // the archive waits for it and fails with it
  );
  const archived = await archive(
    { stream },
    {
      key: `${key}.${source.format}.zst${seal ? `.${seal.method}` : ''}`,
      role: 'part',
      storages: into,
      compressor,
      encryptor: seal,
      expectedBytes,
      stallMilliseconds: run.settings.BACKUP_STALL_MINUTES * 60_000,
      signal,
      step: noStep,
    },
  );
  return {
    file: archived.file,
    rows: stream.rows,
    hashSum: stream.hashSum,
    uncompressedBytes: stream.bytes,
    failures: archived.outcomes.flatMap(({ storage, error }) =>
      error ? [{ storage: storage.type, reason: messageOf(error) }] : [],
    ),
  };
}
