import { PassThrough, pipeline, type Readable } from 'node:stream';
import { OperatorError } from '../../core/errors.js';
import type { Encoder } from './encoder.js';
import { type Position, type ZstdLibrary, zstdLibrary } from './zstd-library.js';

const compressionLevel = 100; // ZSTD_c_compressionLevel
const checksumFlag = 201; // ZSTD_c_checksumFlag
const empty = Buffer.alloc(0);

/** Whether zstd can be had without a process. Where not, the program does it. */
export function hasZstdLibrary(): boolean {
  return zstdLibrary() !== null;
}

/**
 * Compresses all bytes that it is given at once to a frame of their own, with a checksum. Streamed into one frame, they
 * would be copied twice and kept in larger tables: of two megabytes at a time, that took a twelfth more processor time
 * and saved half a percent of the size. Frames that follow each other are one archive (RFC 8878, 3).
 */
export class ZstdEncoder implements Encoder {
  private readonly native = loaded();
  private readonly context = this.native.createCompressor();
  private room = empty;
  private isEmpty = true;

  constructor(level: number) {
    this.native.setParameter(this.context, compressionLevel, level);
    this.native.setParameter(this.context, checksumFlag, 1);
  }

  encode(bytes: Buffer, made: (piece: Buffer) => void): void {
    if (bytes.length > 0) this.makeFrame(bytes, made);
  }

  finish(made: (piece: Buffer) => void): void {
    if (this.isEmpty) this.makeFrame(empty, made);
  }

  close(): void {
    this.native.freeCompressor(this.context);
  }

  private makeFrame(bytes: Buffer, made: (piece: Buffer) => void): void {
    const { native, context } = this;
    const most = native.bound(bytes.length);
    if (this.room.length < most) this.room = Buffer.allocUnsafeSlow(most);
    const size = native.compress(context, this.room, most, bytes, bytes.length);
    if (native.isError(size)) throw new Error(`zstd could not compress: ${native.errorName(size)}`);
    this.isEmpty = false;
    made(Buffer.from(this.room.subarray(0, size)));
  }
}

/** What is made of frames is collected in rooms of this size. Smaller ones cost more calls, and more garbage to collect. */
const roomBytes = 1024 * 1024;

/**
 * What frames hold, a room at a time and no faster than the rooms are taken: a megabyte may hold hundreds. The reader gets
 * the error of what is read, and OperatorError ARCHIVE_CORRUPT, also where the frames end in the midst of one.
 */
export function decompress(frames: Readable): Readable {
  // Not by way of Duplex.from: up to Node 22 it waits forever where what it reads fails.
  return pipeline(frames, decompressed, new PassThrough({ highWaterMark: roomBytes }), () => {});
}

async function* decompressed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const native = loaded();
  const context = native.createDecompressor();
  try {
    let room = Buffer.allocUnsafeSlow(roomBytes);
    let filled: Position = [0];
    let hint = 0;
    for await (const chunk of source) {
      const read: Position = [0];
      for (let isFull = false; read[0] < chunk.length || isFull; ) {
        hint = native.decompress(context, room, roomBytes, filled, chunk, chunk.length, read);
        if (native.isError(hint)) throw corrupt(native.errorName(hint));
        // Where the frame ended with the room, there is nothing more to be had of it.
        isFull = filled[0] === roomBytes && hint !== 0;
        if (filled[0] <= roomBytes / 2) continue;
        yield room.subarray(0, filled[0]);
        room = Buffer.allocUnsafeSlow(roomBytes);
        filled = [0];
      }
    }
    if (filled[0] > 0) yield room.subarray(0, filled[0]);
    if (hint !== 0) throw corrupt('it ends too early');
  } finally {
    native.freeDecompressor(context);
  }
}

function loaded(): ZstdLibrary {
  const native = zstdLibrary();
  if (!native) throw new Error('no zstd library');
  return native;
}

function corrupt(what: string): OperatorError {
  return new OperatorError(
    'ARCHIVE_CORRUPT',
    `the archive cannot be decompressed: ${what}`,
    'The archive is damaged or cut short. Use another backup: respaldo list.',
  );
}
