import { pipeline, type Readable, Transform } from 'node:stream';
import { messageOf } from '../../core/errors.js';
import { silentLog, silentProgress } from '../../core/log.js';
import type { ManifestFile } from '../../core/manifest.js';
import type { Storage } from '../../core/storage.js';
import { archive } from '../archive.js';
import { connectionFrom, serverFailed } from '../postgres/connection.js';
import type { Run } from '../run.js';
import { chooseCompressor } from '../streams/compress.js';
import { type Encryptor, encryptor } from '../streams/encrypt.js';
import { wire } from '../wire.js';
import type { CopyOut } from './copy-out.js';
import { type CopySource, DumpSession } from './dump-session.js';
import type { Work } from './worker-loop.js';
import { hasZstdLibrary, ZstdCompress } from './zstd.js';

/** What every worker of one dump is told. Nothing in it is secret. */
export interface DumpTask {
  readonly snapshot: string;
  readonly purpose: string;
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
  readonly level: number;
  readonly bytesPerSecond: number | undefined;
}

/** What a worker is started with. */
export interface DumpStart extends DumpTask {
  /** Its own: in other tasks, theirs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One part to copy into storage. */
export interface DumpOrder {
  readonly source: CopySource;
  /** The expression that hashes a row; undefined where the rows are only counted. */
  readonly hash: string | undefined;
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
  const signal = new AbortController().signal;
  const run = await wire({ environment: start.environment, signal, log: silentLog, progress: silentProgress });
  const seal = await encryptor(run.settings);
  const connection = await connectionFrom(run.settings, run.environment);
  let session: DumpSession | undefined;
  const close = async () => {
    await session?.close();
    session = undefined;
  };
  return {
    close,
    recover: close,
    perform: async (order, abort, onBytes, attempt) => {
      try {
        session ??= await DumpSession.open({
          connection,
          purpose: start.purpose,
          snapshot: start.snapshot,
          tables: start.tables,
          lockTimeoutSeconds: run.settings.BACKUP_LOCK_TIMEOUT,
        });
        const key = attempt === 1 ? order.key : `${order.key}-again-${attempt}`;
        return await copyPart(run, session, seal, start, { ...order, key }, abort, onBytes);
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
  { source, hash, key, storages, expectedBytes }: DumpOrder,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<DumpedPart> {
  const rows = session.copy(source);
  const ownZstd = hasZstdLibrary();
  const paced = pace(rows, bytesPerSecond, onBytes);
  const stream: Readable = ownZstd ? pipeline(paced, new ZstdCompress(level), () => {}) : paced; // the archive gets the error
  const archived = await archive(
    { stream },
    {
      key: `${key}.${source.format}.zst${seal ? `.${seal.method}` : ''}`,
      role: 'part',
      storages: run.storages.filter(({ type }) => storages.includes(type)),
      compressor: ownZstd ? undefined : await chooseCompressor('zstd', level),
      encryptor: seal,
      expectedBytes,
      signal,
      step: { update() {}, end() {} },
    },
  );
  return {
    file: archived.file,
    rows: rows.rows,
    // Now, while the pages are still in the server's cache.
    hashSum: hash === undefined ? undefined : await session.sumHashes(source, hash),
    uncompressedBytes: rows.bytes,
    failures: archived.outcomes.flatMap(({ storage, error }) =>
      error ? [{ storage: storage.type, reason: messageOf(error) }] : [],
    ),
  };
}

/** Tells of the bytes as they come, and keeps to a rate where one is set. */
function pace(rows: CopyOut, bytesPerSecond: number | undefined, onBytes: (bytes: number) => void): Readable {
  const started = Date.now();
  let bytes = 0;
  const meter = new Transform({
    highWaterMark: 1024 * 1024,
    transform: (chunk: Buffer, _encoding, done) => {
      onBytes(chunk.length);
      bytes += chunk.length;
      const ahead = bytesPerSecond === undefined ? 0 : (bytes / bytesPerSecond) * 1000 - (Date.now() - started);
      if (ahead > 1) setTimeout(done, ahead, null, chunk);
      else done(null, chunk);
    },
  });
  return pipeline(rows, meter, () => {}); // whoever reads it gets the error
}
