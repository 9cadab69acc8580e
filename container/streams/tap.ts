import { Transform, type TransformCallback } from 'node:stream';

/**
 * Lets a stream through and remembers how much it was and how it ended.
 *
 * @param until must resolve before the stream may end; its rejection destroys the stream at once
 */
export class Tap extends Transform {
  bytes = 0;
  /** The last bytes, at most eight. */
  tail: Buffer = Buffer.alloc(0);

  constructor(private readonly until: Promise<unknown> = Promise.resolve()) {
    super();
    this.on('error', () => {}); // its readers hear it; before it has one, the run has failed already
    until.catch((error) => this.destroy(error));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.tail = chunk.length >= 8 ? chunk.subarray(-8) : Buffer.concat([this.tail, chunk]).subarray(-8);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.until.then(
      () => done(),
      (error) => done(error),
    );
  }
}
