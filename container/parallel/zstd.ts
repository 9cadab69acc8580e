import { Transform, type TransformCallback } from 'node:stream';
import koffi from 'koffi';
import { OperatorError } from '../../core/errors.js';

/*
 * zstd inside this process. The system's own library is called, because a pipe to the program and back costs more than
 * reading the rows: https://facebook.github.io/zstd/zstd_manual.html, "Streaming compression - HowTo".
 */

interface Library {
  createCompressor(): unknown;
  freeCompressor(context: unknown): number;
  setParameter(context: unknown, parameter: number, value: number): number;
  compress: Step;
  createDecompressor(): unknown;
  freeDecompressor(context: unknown): number;
  decompress: Step;
  isError(code: number): number;
  errorName(code: number): string;
}

type Position = [number];
type Step = (
  context: unknown,
  out: Buffer,
  capacity: number,
  written: Position,
  from: Buffer,
  size: number,
  read: Position,
  ...operation: number[]
) => number;

const names = [
  'libzstd.so.1',
  'libzstd.1.dylib',
  '/opt/homebrew/lib/libzstd.1.dylib',
  '/usr/local/lib/libzstd.1.dylib',
];
const compressionLevel = 100; // ZSTD_c_compressionLevel
const checksumFlag = 201; // ZSTD_c_checksumFlag
const proceed = 0; // ZSTD_e_continue
const end = 2; // ZSTD_e_end

let loaded: Library | null | undefined;

/** The system's library, or null where there is none. */
function library(): Library | null {
  if (loaded !== undefined) return loaded;
  for (const name of names) {
    try {
      // Node 22 and later have a zstd of their own and show its names: without RTLD_DEEPBIND the library would call into it.
      loaded = bind(koffi.load(name, { deep: true }));
      return loaded;
    } catch {
      // not under this name: the next one is tried
    }
  }
  loaded = null;
  return loaded;
}

function bind(native: ReturnType<typeof koffi.load>): Library {
  const step = (name: string, operation: string) =>
    native.func(
      `size_t ${name}(void *context, void *out, size_t capacity, _Inout_ size_t *written, const void *from, size_t size, _Inout_ size_t *read${operation})`,
    ) as Step;
  return {
    createCompressor: native.func('void *ZSTD_createCCtx()'),
    freeCompressor: native.func('size_t ZSTD_freeCCtx(void *context)'),
    setParameter: native.func('size_t ZSTD_CCtx_setParameter(void *context, int parameter, int value)'),
    compress: step('ZSTD_compressStream2_simpleArgs', ', int operation'),
    createDecompressor: native.func('void *ZSTD_createDCtx()'),
    freeDecompressor: native.func('size_t ZSTD_freeDCtx(void *context)'),
    decompress: step('ZSTD_decompressStream_simpleArgs', ''),
    isError: native.func('unsigned int ZSTD_isError(size_t code)'),
    errorName: native.func('const char *ZSTD_getErrorName(size_t code)'),
  };
}

/** Whether zstd can be had without a process. Where not, the program does it. */
export function hasZstdLibrary(): boolean {
  return library() !== null;
}

/** Room for what one step makes: the library's own recommendation is 128 KiB. */
const roomBytes = 256 * 1024;

abstract class Zstd extends Transform {
  protected readonly native: Library;
  protected room = Buffer.allocUnsafeSlow(roomBytes);

  constructor() {
    super({ readableHighWaterMark: 1024 * 1024, writableHighWaterMark: 1024 * 1024 });
    const native = library();
    if (!native) throw new Error('no zstd library');
    this.native = native;
  }

  protected abstract failed(what: string): Error;

  /** Runs one step over a chunk and hands on what it made. Answers with what the library answered. */
  protected step(
    run: Step,
    context: unknown,
    from: Buffer,
    at: number,
    operation: readonly number[],
  ): { hint: number; read: number; full: boolean } {
    const written: Position = [0];
    const read: Position = [at];
    const hint = run(context, this.room, roomBytes, written, from, from.length, read, ...operation);
    if (this.native.isError(hint)) throw this.failed(this.native.errorName(hint));
    const full = written[0] === roomBytes;
    if (written[0] > 0) {
      this.push(this.room.subarray(0, written[0]));
      this.room = Buffer.allocUnsafeSlow(roomBytes);
    }
    return { hint, read: read[0], full };
  }
}

/** Compresses to one frame with a checksum, as `zstd -LEVEL` does. */
export class ZstdCompress extends Zstd {
  private readonly context: unknown;

  constructor(level: number) {
    super();
    this.context = this.native.createCompressor();
    this.native.setParameter(this.context, compressionLevel, level);
    this.native.setParameter(this.context, checksumFlag, 1);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    attempt(done, () => {
      for (let at = 0; at < chunk.length; )
        at = this.step(this.native.compress, this.context, chunk, at, [proceed]).read;
    });
  }

  override _flush(done: TransformCallback): void {
    attempt(done, () => {
      while (this.step(this.native.compress, this.context, empty, 0, [end]).hint > 0);
    });
  }

  protected failed(what: string): Error {
    return new Error(`zstd could not compress: ${what}`);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.native.freeCompressor(this.context);
    done(error);
  }
}

/** Decompresses frames; an input that ends in the midst of one is an error. */
export class ZstdDecompress extends Zstd {
  private readonly context: unknown;
  private hint = 0;

  constructor() {
    super();
    this.context = this.native.createDecompressor();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    attempt(done, () => {
      for (let at = 0, full = false; at < chunk.length || full; ) {
        const result = this.step(this.native.decompress, this.context, chunk, at, []);
        at = result.read;
        full = result.full;
        this.hint = result.hint;
      }
    });
  }

  override _flush(done: TransformCallback): void {
    done(this.hint === 0 ? null : this.failed('it ends too early'));
  }

  protected failed(what: string): Error {
    return new OperatorError(
      'ARCHIVE_CORRUPT',
      `the archive cannot be decompressed: ${what}`,
      'The archive is damaged or cut short. Use another backup: respaldo list.',
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.native.freeDecompressor(this.context);
    done(error);
  }
}

const empty = Buffer.alloc(0);

function attempt(done: TransformCallback, work: () => void): void {
  try {
    work();
    done();
  } catch (error) {
    done(error as Error);
  }
}
