import { Transform, type TransformCallback } from 'node:stream';
import { messageOf, type OperatorError } from '../../core/errors.js';
import { ArchiveReader } from './archive-reader.js';
import { untrueDump } from './untrue-dump.js';

/** Lets an archive in pg_dump's custom format through; fails where it is not whole. */
export class WholeArchive extends Transform {
  private readonly reader = new ArchiveReader();

  /** @param pgDump its path, for messages */
  constructor(private readonly pgDump: string) {
    super({ highWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(
      this.found(() => this.reader.write(chunk)),
      chunk,
    );
  }

  override _flush(done: TransformCallback): void {
    done(this.found(() => this.reader.end()));
  }

  private found(read: () => void): OperatorError | null {
    try {
      read();
      return null;
    } catch (error) {
      return untrueDump(this.pgDump, messageOf(error));
    }
  }
}
