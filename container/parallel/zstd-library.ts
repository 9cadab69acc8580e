import koffi from 'koffi';

/*
 * The system's own zstd library, called inside this process, because a pipe to the program and back costs more than
 * reading the rows: https://facebook.github.io/zstd/zstd_manual.html.
 */

export interface ZstdLibrary {
  createCompressor(): unknown;
  freeCompressor(context: unknown): number;
  setParameter(context: unknown, parameter: number, value: number): number;
  /** The most that so many bytes can become. */
  bound(size: number): number;
  /** One frame of all of them; how long it is, or an error's code. */
  compress(context: unknown, out: Buffer, capacity: number, from: Buffer, size: number): number;
  createDecompressor(): unknown;
  freeDecompressor(context: unknown): number;
  decompress: Step;
  isError(code: number): number;
  errorName(code: number): string;
}

/** How far a step came; it goes on from there. */
export type Position = [number];
type Step = (
  context: unknown,
  out: Buffer,
  capacity: number,
  written: Position,
  from: Buffer,
  size: number,
  read: Position,
) => number;

const names = [
  'libzstd.so.1',
  'libzstd.1.dylib',
  '/opt/homebrew/lib/libzstd.1.dylib',
  '/usr/local/lib/libzstd.1.dylib',
];

let loaded: ZstdLibrary | null | undefined;

/** The system's library, or null where there is none. */
export function zstdLibrary(): ZstdLibrary | null {
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

function bind(native: ReturnType<typeof koffi.load>): ZstdLibrary {
  return {
    createCompressor: native.func('void *ZSTD_createCCtx()'),
    freeCompressor: native.func('size_t ZSTD_freeCCtx(void *context)'),
    setParameter: native.func('size_t ZSTD_CCtx_setParameter(void *context, int parameter, int value)'),
    bound: native.func('size_t ZSTD_compressBound(size_t size)'),
    compress: native.func(
      'size_t ZSTD_compress2(void *context, void *out, size_t capacity, const void *from, size_t size)',
    ),
    createDecompressor: native.func('void *ZSTD_createDCtx()'),
    freeDecompressor: native.func('size_t ZSTD_freeDCtx(void *context)'),
    decompress: native.func(
      'size_t ZSTD_decompressStream_simpleArgs(void *context, void *out, size_t capacity, _Inout_ size_t *written, const void *from, size_t size, _Inout_ size_t *read)',
    ),
    isError: native.func('unsigned int ZSTD_isError(size_t code)'),
    errorName: native.func('const char *ZSTD_getErrorName(size_t code)'),
  };
}
