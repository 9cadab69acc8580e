import { type Global, instantiate, type Memory } from '../web-assembly.js';

/** What wasm/text-rows.ts exports. */
interface Exports extends Memory {
  readonly room: Global;
  readonly roomBytes: Global;
  readonly side: Global;
  readonly sideBytes: Global;
  readonly rows: Global<bigint>;
  readonly hashSum: Global<bigint>;
  readonly isEnded: Global;
  readonly areChunksEnded: Global;
  begin(hashes: boolean): void;
  take(from: number, to: number): void;
  takeChunks(from: number, to: number): number;
}

/** Counts and hashes the rows that a dump has of one table after the other. */
export class TextRows {
  /** Rows that are read into it need not be copied. */
  readonly room: Buffer;
  private readonly wasm = instantiate<Exports>('text-rows');
  private readonly memory = this.wasm.memory.buffer;
  private readonly side: Buffer;

  /** @param hashes whether rows are hashed, too */
  constructor(private readonly hashes: boolean) {
    const { room, roomBytes, side, sideBytes } = this.wasm;
    this.room = Buffer.from(this.memory, room.value, roomBytes.value);
    this.side = Buffer.from(this.memory, side.value, sideBytes.value);
  }

  /** To be called before each table's rows. */
  begin(hashes = this.hashes): void {
    this.wasm.begin(hashes);
  }

  /** Takes the table's next bytes, cut anywhere, up to the line `\.`: what follows that is ignored. */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = this.inside(bytes, at);
      this.wasm.take(piece.byteOffset, piece.byteOffset + piece.length);
      at += piece.length;
    }
  }

  /**
   * Takes them as an archive in pg_dump's custom format has them: in chunks, each with its length before it, up to a chunk
   * of nothing.
   *
   * @returns how many bytes were taken; fewer than there are where the chunks are ended
   * @throws Error where there is no length where one is due
   */
  takeChunks(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && !this.areChunksEnded) {
      const piece = this.inside(bytes, at);
      const end = this.wasm.takeChunks(piece.byteOffset, piece.byteOffset + piece.length);
      if (end === 0) throw new Error('the archive has no length where one is due');
      at += end - piece.byteOffset;
    }
    return at;
  }

  /** Whether the line `\.` has come since {@link begin}. */
  get isEnded(): boolean {
    return this.wasm.isEnded.value !== 0;
  }

  /** Whether the chunk of nothing has come since {@link begin}. */
  get areChunksEnded(): boolean {
    return this.wasm.areChunksEnded.value !== 0;
  }

  /** The rows that were taken since {@link begin}. */
  get taken(): { readonly rows: number; readonly sum: bigint } {
    const { rows, hashSum } = this.wasm;
    return { rows: Number(rows.value), sum: BigInt.asUintN(64, hashSum.value) };
  }

  /** Bytes from a position on, where the module can read them; perhaps not all. */
  private inside(bytes: Buffer, from: number): Buffer {
    if (bytes.buffer === this.memory) return bytes.subarray(from);
    return this.side.subarray(0, bytes.copy(this.side, 0, from));
  }
}
