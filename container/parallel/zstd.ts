import { Transform, type TransformCallback } from 'node:stream';
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

/** Decompresses frames; an input that ends in the midst of one is an error. */
export class ZstdDecompress extends Transform {
  private readonly native = loaded();
  private readonly context = this.native.createDecompressor();
  private room = Buffer.allocUnsafeSlow(roomBytes);
  private filled: Position = [0];
  private hint = 0;

  constructor() {
    super({ readableHighWaterMark: 1024 * 1024, writableHighWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      const read: Position = [0];
      for (let isFull = false; read[0] < chunk.length || isFull; ) isFull = this.step(chunk, read);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    this.handOn();
    done(this.hint === 0 ? null : corrupt('it ends too early'));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.native.freeDecompressor(this.context);
    done(error);
  }

  /** @returns whether the room was too small for all that there was, and not just large enough for the frame's end */
  private step(chunk: Buffer, read: Position): boolean {
    const { native, context, room, filled } = this;
    this.hint = native.decompress(context, room, roomBytes, filled, chunk, chunk.length, read);
    if (native.isError(this.hint)) throw corrupt(native.errorName(this.hint));
    const isFull = filled[0] === roomBytes && this.hint !== 0;
    if (filled[0] > roomBytes / 2) this.handOn();
    return isFull;
  }

  private handOn(): void {
    if (this.filled[0] === 0) return;
    this.push(this.room.subarray(0, this.filled[0]));
    this.room = Buffer.allocUnsafeSlow(roomBytes);
    this.filled = [0];
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
