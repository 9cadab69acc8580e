import { type Global, instantiate, type Memory } from '../web-assembly.js';

/** What wasm/text-rows.ts exports. */
interface Exports extends Memory {
  readonly room: Global;
  readonly roomBytes: Global;
  readonly side: Global;
  readonly sideBytes: Global;
  readonly lines: Global<bigint>;
  readonly hashSum: Global<bigint>;
  readonly newest: Global<bigint>;
  begin(hashes: boolean): void;
  take(from: number, to: number): void;
}

/** Counts and hashes the rows that a plain dump has of one table after the other. */
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
  begin(): void {
    this.wasm.begin(this.hashes);
  }

  /** Takes the table's next bytes, cut anywhere. */
  take(bytes: Buffer): void {
    if (bytes.buffer === this.memory) {
      this.wasm.take(bytes.byteOffset, bytes.byteOffset + bytes.length);
      return;
    }
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.side, 0, at);
      this.wasm.take(this.side.byteOffset, this.side.byteOffset + copied);
      at += copied;
    }
  }

  /** What was taken since {@link begin}, the last line of which is the end of the rows: `\.`. */
  end(): { readonly rows: number; readonly sum: bigint } {
    const { lines, hashSum, newest } = this.wasm;
    return { rows: Number(lines.value) - 1, sum: BigInt.asUintN(64, hashSum.value - newest.value) };
  }
}
