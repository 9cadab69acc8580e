import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { startWritingOut } from '../libc.js';

/** So much is written before the disk is set to work on it: all at the end would have to be waited for. */
const writeOutEvery = 16 * 1024 * 1024;

/** A new file for its owner alone, which finishes only when all its bytes are on the disk. */
export class DurableFile extends Writable {
  /** Whether the file was made by this stream. */
  created = false;
  private file: FileHandle | undefined;
  private bytes = 0;
  private begun = 0;
  private writingOut: Promise<unknown> = Promise.resolve();

  constructor(private readonly path: string) {
    super({ highWaterMark: 1024 * 1024 });
  }

  override _construct(done: (error?: Error | null) => void): void {
    settle(
      open(this.path, 'wx', 0o600).then((file) => {
        this.file = file;
        this.created = true;
      }),
      done,
    );
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    settle(this.add([chunk]), done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    settle(this.add(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    settle(
      this.writingOut.then(() => this.file?.sync()),
      done,
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    settle(
      this.writingOut.then(() => this.file?.close()),
      (closing) => done(error ?? closing),
    );
  }

  private async add(chunks: Buffer[]): Promise<void> {
    const file = this.file as FileHandle;
    for (let left = chunks; left.length > 0; ) {
      const { bytesWritten } = await file.writev(left);
      this.bytes += bytesWritten;
      left = after(left, bytesWritten);
    }
    const { bytes, begun } = this;
    if (bytes - begun < writeOutEvery) return;
    this.begun = bytes;
    this.writingOut = Promise.all([this.writingOut, startWritingOut(file.fd, begun, bytes - begun)]);
  }
}

/** What of the chunks is left when so many bytes of them were written. */
function after(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  return chunks.flatMap((chunk) => {
    const left = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - left.length;
    return left.length > 0 ? [left] : [];
  });
}

function settle(work: Promise<unknown>, done: (error?: Error | null) => void): void {
  work.then(
    () => done(),
    (error) => done(error),
  );
}
