import { Transform, type TransformCallback } from 'node:stream';
import { OperatorError } from '../../core/errors.js';
import type { Encoder } from './encoder.js';
import { type Position, type Step, type ZstdLibrary, zstdLibrary } from './zstd-library.js';

const compressionLevel = 100; // ZSTD_c_compressionLevel
const checksumFlag = 201; // ZSTD_c_checksumFlag
const proceed = 0; // ZSTD_e_continue
const end = 2; // ZSTD_e_end
/** Whether zstd can be had without a process. Where not, the program does it. */
export function hasZstdLibrary(): boolean {
  return zstdLibrary() !== null;
}

/** What is made is collected in rooms of this size. Smaller ones cost more calls, and more garbage to collect. */
const roomBytes = 1024 * 1024;

/** A context of the library's, and the room that it is filling. */
class Stage {
  readonly native: ZstdLibrary;
  private room = Buffer.allocUnsafeSlow(roomBytes);
  private filled: Position = [0];

  /** @param failed makes the error of what the library complains of */
  constructor(private readonly failed: (what: string) => Error) {
    const native = zstdLibrary();
    if (!native) throw new Error('no zstd library');
    this.native = native;
  }

  /**
   * Runs one step over bytes, from a position on, and hands a room on when it is nearly full.
   *
   * @returns the library's answer, how far the bytes are read, and whether the room was too small for all that it had
   */
  step(
    run: Step,
    context: unknown,
    from: Buffer,
    at: number,
    operation: readonly number[],
    made: (piece: Buffer) => void,
  ): { hint: number; read: number; full: boolean } {
    const read: Position = [at];
    const hint = run(context, this.room, roomBytes, this.filled, from, from.length, read, ...operation);
    if (this.native.isError(hint)) throw this.failed(this.native.errorName(hint));
    const full = this.filled[0] === roomBytes;
    if (this.filled[0] > roomBytes / 2) this.handOn(made);
    return { hint, read: read[0], full };
  }

  handOn(made: (piece: Buffer) => void): void {
    if (this.filled[0] === 0) return;
    made(this.room.subarray(0, this.filled[0]));
    this.room = Buffer.allocUnsafeSlow(roomBytes);
    this.filled = [0];
  }
}

/** Compresses to one frame with a checksum, as `zstd -LEVEL` does. */
export class ZstdEncoder implements Encoder {
  private readonly stage = new Stage((what) => new Error(`zstd could not compress: ${what}`));
  private readonly context: unknown;

  constructor(level: number) {
    const { native } = this.stage;
    this.context = native.createCompressor();
    native.setParameter(this.context, compressionLevel, level);
    native.setParameter(this.context, checksumFlag, 1);
  }

  encode(bytes: Buffer, made: (piece: Buffer) => void): void {
    const { compress } = this.stage.native;
    for (let at = 0; at < bytes.length; ) at = this.stage.step(compress, this.context, bytes, at, [proceed], made).read;
  }

  finish(made: (piece: Buffer) => void): void {
    const { compress } = this.stage.native;
    while (this.stage.step(compress, this.context, empty, 0, [end], made).hint > 0);
    this.stage.handOn(made);
  }

  close(): void {
    this.stage.native.freeCompressor(this.context);
  }
}

/** Decompresses frames; an input that ends in the midst of one is an error. */
export class ZstdDecompress extends Transform {
  private readonly stage = new Stage(corrupt);
  private readonly context = this.stage.native.createDecompressor();
  private hint = 0;

  constructor() {
    super({ readableHighWaterMark: 1024 * 1024, writableHighWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      const { decompress } = this.stage.native;
      for (let at = 0, full = false; at < chunk.length || full; ) {
        const result = this.stage.step(decompress, this.context, chunk, at, [], this.made);
        at = result.read;
        full = result.full;
        this.hint = result.hint;
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    this.stage.handOn(this.made);
    done(this.hint === 0 ? null : corrupt('it ends too early'));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.stage.native.freeDecompressor(this.context);
    done(error);
  }

  private readonly made = (piece: Buffer): void => {
    this.push(piece);
  };
}

const empty = Buffer.alloc(0);

function corrupt(what: string): OperatorError {
  return new OperatorError(
    'ARCHIVE_CORRUPT',
    `the archive cannot be decompressed: ${what}`,
    'The archive is damaged or cut short. Use another backup: respaldo list.',
  );
}
