import { type Global, instantiate, type Memory } from '../web-assembly.js';

/** What wasm/frames.ts exports. */
interface Exports extends Memory {
  readonly input: Global;
  readonly inputBytes: Global;
  readonly output: Global;
  readonly outputBytes: Global;
  readonly type: Global;
  readonly left: Global;
  readonly filled: Global;
  readonly hashedRows: Global<bigint>;
  readonly hashSum: Global<bigint>;
  begin(hashes: boolean, isBinary: boolean): void;
  take(from: number, to: number): number;
  skipped(bytes: number): void;
  emptied(): void;
}

const copyData = 0x64;

/** Takes the protocol's frames off the rows of COPY commands, one session's after the other. */
export class CopyFrames {
  /** Received bytes are to be put here, from its beginning. */
  readonly input: Buffer;
  private readonly wasm = instantiate<Exports>('frames');
  private readonly inputAt: number;
  private readonly output: Buffer;
  private readonly roomy: number;

  constructor() {
    const { memory, input, inputBytes, output, outputBytes } = this.wasm;
    this.inputAt = input.value;
    this.input = Buffer.from(memory.buffer, input.value, inputBytes.value);
    this.output = Buffer.from(memory.buffer, output.value, outputBytes.value);
    this.roomy = outputBytes.value - inputBytes.value;
  }

  /** To be called before each COPY, with the form of the rows that are to be hashed. */
  begin(hashed: 'binary' | 'text' | undefined): void {
    this.wasm.begin(hashed !== undefined, hashed === 'binary');
  }

  /** How many rows have been hashed, and the sum of their XXH64 (seed 0), modulo 2^64. */
  get hashed(): { readonly rows: number; readonly sum: bigint } {
    const { hashedRows, hashSum } = this.wasm;
    return { rows: Number(hashedRows.value), sum: BigInt.asUintN(64, hashSum.value) };
  }

  /**
   * Takes rows from the input, up to where a message of another type begins.
   *
   * @returns where in the input it stopped
   */
  take(from: number, to: number): number {
    return this.wasm.take(this.inputAt + from, this.inputAt + to) - this.inputAt;
  }

  /** The type of the message that is under way and not rows; undefined while there are rows. */
  get other(): number | undefined {
    const type = this.wasm.type.value;
    return type === copyData || type === 0 ? undefined : type;
  }

  /** How many bytes of the message under way are still to come. */
  get left(): number {
    return this.wasm.left.value;
  }

  /** Tells that the caller has read so much of a message that is not rows. */
  skip(bytes: number): void {
    this.wasm.skipped(bytes);
  }

  /** Whether the rows have to be taken away before more can come. */
  get isFull(): boolean {
    return this.wasm.filled.value > this.roomy;
  }

  /** The rows collected so far. They stay as they are until the next {@link take}. */
  empty(): Buffer {
    const rows = this.output.subarray(0, this.wasm.filled.value);
    this.wasm.emptied();
    return rows;
  }
}
