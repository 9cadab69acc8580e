import { TextRows } from './text-rows.js';

/*
 * pg_dump's custom format, as it comes through a pipe: a header, a table of contents, and the data of those of its entries
 * that have any. https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_archiver.c (ReadHead, ReadToc)
 * and pg_backup_custom.c
 */

/** The second numbers of the format's versions: 14 is written by PostgreSQL 12 to 15, 15 by 16, 16 by 17 and 18. */
const knownVersions = { from: 14, to: 16 };
const customFormat = 1;
const hasNoData = 3;
const block = { data: 1, largeObjects: 3 } as const;
const timeFields = 7;

/** Told of the rows of a table, in the archive's order. */
export type OnTable = (copyStatement: Buffer, taken: { readonly rows: number; readonly sum: bigint }) => void;

/** What the reader waits for: so many bytes, or chunks up to their end. */
type Wanted = number | 'chunks';
type Reading<T = void> = Generator<Wanted, T, Buffer>;

/**
 * Reads an uncompressed archive in pieces of any size, and finds out whether it is whole: that every entry of its table of
 * contents that has data comes with it, to its end.
 */
export class ArchiveReader {
  private readonly reading = this.archive();
  private wanted: Wanted;
  private pieces: Buffer[] = [];
  private collected = 0;
  /** Where it would end if nothing more came; undefined between two blocks of data. */
  private place: string | undefined = 'before its header';
  /** Those whose data has not come yet, by their number. */
  private readonly awaited = new Map<number, { readonly copyStatement: Buffer | undefined }>();
  private entries = 0;

  /** @param rows is given the rows, and hashes them where it is set to */
  constructor(
    private readonly rows: TextRows = new TextRows(false),
    private readonly onTable: OnTable = () => {},
  ) {
    this.wanted = this.reading.next().value ?? 0;
  }

  /** @throws Error that says what is wrong with the archive */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at += this.take(at === 0 ? chunk : chunk.subarray(at));
  }

  /** To be called when all of it is written. @throws Error where it cannot end here */
  end(): void {
    if (this.place !== undefined) throw new Error(`the archive ends ${this.place}`);
    const missing = this.awaited.size;
    if (missing > 0) throw new Error(`the archive ends before the data of ${missing} of its ${this.entries} entries`);
  }

  /** @returns how many bytes were taken */
  private take(chunk: Buffer): number {
    if (this.wanted === 'chunks') {
      const taken = this.rows.takeChunks(chunk);
      if (this.rows.areChunksEnded) this.goOn(Buffer.alloc(0));
      return taken;
    }
    const piece = chunk.subarray(0, this.wanted - this.collected);
    this.collected += piece.length;
    if (this.collected < this.wanted) {
      this.pieces.push(Buffer.from(piece)); // the chunk may be filled anew
      return piece.length;
    }
    const bytes = this.pieces.length > 0 ? Buffer.concat([...this.pieces, piece]) : piece;
    this.pieces = [];
    this.collected = 0;
    this.goOn(bytes);
    return piece.length;
  }

  private goOn(bytes: Buffer): void {
    const { value, done } = this.reading.next(bytes);
    if (!done) this.wanted = value;
  }

  private *archive(): Reading {
    const version = yield* this.header();
    this.place = 'within its table of contents';
    this.entries = yield* integer();
    for (let index = 0; index < this.entries; index += 1) yield* this.entry(version);
    for (;;) {
      this.place = undefined;
      const type = yield* byte();
      this.place = 'within its data';
      const id = yield* integer();
      const entry = this.awaited.get(id);
      if (!entry) throw new Error(`the archive has data of entry ${id}, of which its table of contents knows none`);
      if (type === block.data) yield* this.data(entry.copyStatement);
      else if (type === block.largeObjects) yield* this.largeObjects();
      else throw new Error(`the archive has a block of unknown type (${type})`);
      this.awaited.delete(id);
    }
  }

  /** @returns the second number of the format's version */
  private *header(): Reading<number> {
    const magic = yield 5;
    if (magic.toString('latin1') !== 'PGDMP') throw new Error('it wrote something that is no archive');
    this.place = 'within its header';
    const [first = 0, version = 0, , integerBytes = 0, offsetBytes = 0, format = 0] = yield 6;
    if (first !== 1 || version < knownVersions.from || version > knownVersions.to)
      throw new Error(
        `it wrote an archive of version ${first}.${version}, of which nothing is known here: use --format plain, or a newer respaldo`,
      );
    if (integerBytes !== 4 || offsetBytes !== 8 || format !== customFormat)
      throw new Error(`it wrote an archive of another kind (${integerBytes}, ${offsetBytes}, ${format})`);
    if (version >= 15) yield* byte();
    else yield* integer();
    yield* integers(timeFields);
    yield* texts(3); // the database's name, the server's version, pg_dump's
    return version;
  }

  private *entry(version: number): Reading {
    const id = yield* integer();
    yield* integers(1); // whether there is something to dump
    yield* texts(4); // two numbers of the catalog, name, description
    yield* integers(1); // its section
    yield* texts(2); // its definition, and how to drop it
    const copyStatement = yield* text();
    yield* texts(3); // namespace, tablespace, access method
    if (version >= 16) yield* integers(1); // its kind
    yield* texts(2); // owner, and whether it has oids
    while ((yield* text()) !== undefined); // what it depends on
    const state = yield* byte();
    yield 8; // its offset, which is not known when it goes through a pipe
    if (state !== hasNoData) this.awaited.set(id, { copyStatement });
  }

  private *data(copyStatement: Buffer | undefined): Reading {
    this.rows.begin();
    yield 'chunks';
    if (!copyStatement) return;
    if (!this.rows.isEnded) throw new Error('the archive has a table’s rows without their end');
    this.onTable(copyStatement, this.rows.taken);
  }

  private *largeObjects(): Reading {
    while ((yield* integer()) !== 0) {
      this.rows.begin(false);
      yield 'chunks';
    }
  }
}

function* byte(): Reading<number> {
  return (yield 1).readUInt8();
}

/** A sign and four bytes. */
function* integer(): Reading<number> {
  const bytes = yield 5;
  const value = bytes.readUInt32LE(1);
  return bytes[0] ? -value : value;
}

function* integers(count: number): Reading {
  for (let left = count; left > 0; left -= 1) yield* integer();
}

/** Undefined where there is none, which is not the same as an empty one. */
function* text(): Reading<Buffer | undefined> {
  const length = yield* integer();
  if (length < 0) return undefined;
  return length === 0 ? Buffer.alloc(0) : Buffer.from(yield length);
}

function* texts(count: number): Reading {
  for (let left = count; left > 0; left -= 1) yield* text();
}
