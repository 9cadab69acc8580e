import { Transform, type TransformCallback } from 'node:stream';
import { untrueDump } from './untrue-dump.js';

const lastLine = '-- PostgreSQL database cluster dump complete';

/** Lets what pg_dumpall writes of roles through; fails where its last line is missing. */
export class WholeRoles extends Transform {
  private ending = '';

  /** @param pgDumpall its path, for messages */
  constructor(private readonly pgDumpall: string) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.ending = (this.ending + chunk.subarray(-200).toString('latin1')).slice(-200);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const isWhole = this.ending.includes(lastLine);
    done(isWhole ? null : untrueDump(this.pgDumpall, 'what it wrote of the roles lacks its last line'));
  }
}
