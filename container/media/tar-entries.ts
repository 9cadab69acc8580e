import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { messageOf, OperatorError } from '../../core/errors.js';

/** One entry of a tar. Names are bytes, not text: they are kept as Latin-1, one character a byte. */
export interface TarEntry {
  readonly name: string;
  /** Where a link leads, in Latin-1. */
  readonly link: string;
  /** Undefined for one that this program does not know. */
  readonly type: Header['type'] | undefined;
  readonly bytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, with fractions where the archive has them. */
  readonly mtime: number;
  /** The extended header's records, which are text. */
  readonly pax: Readonly<Record<string, string>>;
  /** To be read to its end, or left alone, before the next entry is asked for. */
  readonly body: AsyncIterable<Buffer>;
}

/**
 * The entries of a tar, in order. Ends only if the source has ended well and the archive is complete.
 *
 * @throws OperatorError ARCHIVE_CORRUPT; the source's error
 */
export async function* tarEntries(source: Readable): AsyncIterable<TarEntry> {
  // Its types lack the two options that its documentation has.
  const options: object = { filenameEncoding: 'latin1', allowUnknownFormat: true };
  const unpack = extract(options);
  const feeding = pipeline(source, zeroEnded(), unpack as unknown as NodeJS.WritableStream);
  let failure: unknown;
  feeding.catch((error) => {
    failure = error;
  });
  const entries = unpack[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await entries.next().catch(async (error) => {
        await feeding.catch(() => {}); // the source's own error says more than tar-stream's
        throw tarError(source.errored ?? failure ?? error);
      });
      if (done) break;
      yield entryOf(value.header, value as unknown as Readable);
      value.resume();
    }
    await feeding.catch((error) => {
      throw tarError(source.errored ?? error);
    });
  } finally {
    unpack.destroy();
  }
}

function entryOf(header: Header, stream: Readable): TarEntry {
  const pax = (header.pax ?? {}) as Record<string, string>;
  return {
    name: pax.path === undefined ? header.name : bytesOf(header.name),
    link: pax.linkpath === undefined ? (header.linkname ?? '') : bytesOf(header.linkname),
    type: header.type ?? undefined,
    bytes: header.size,
    mode: header.mode,
    uid: header.uid,
    gid: header.gid,
    mtime: Number(pax.mtime ?? Number.NaN) || header.mtime.getTime() / 1000,
    pax,
    body: read(stream),
  };
}

async function* read(stream: Readable): AsyncIterable<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw tarError(error);
  }
}

/** Text of a pax record, which is UTF-8, as its bytes. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A name for people: quoted, so that whatever is in it shows. */
export function shownName(name: string): string {
  return JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'));
}

/** Tar ends in blocks of zeros. Without this, an archive cut between two of its files would look complete. */
function zeroEnded(): Transform {
  let tail: Buffer = Buffer.alloc(0);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      tail = (chunk.length >= 512 ? chunk : Buffer.concat([tail, chunk])).subarray(-512);
      done(null, chunk);
    },
    flush: (done) => done(tail.length === 512 && tail.every((byte) => byte === 0) ? null : damaged('it is cut short')),
  });
}

/**
 * tar-stream throws plain errors for what is no tar, and where a size makes no sense, its streams end before their time;
 * anything more particular is a bug or the source's.
 */
function tarError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isEarlyEnd = 'code' in error && (error.code === 'STREAM_DESTROYED' || error.code === 'PREMATURE_CLOSE');
  const isPlain = error.constructor === Error && !('code' in error);
  return isPlain || isEarlyEnd ? damaged(messageOf(error), error) : error;
}

/** What is said of an archive that is no whole tar. */
export function damaged(why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'ARCHIVE_CORRUPT',
    `the archive cannot be read to its end: ${why}`,
    'The archive is damaged or cut short. Use another backup: respaldo list.',
    { cause },
  );
}
