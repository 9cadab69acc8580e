// A program between tar and the compressor: lets the archive through and writes its listing to file descriptor 3. It
// reads and writes synchronously, which takes half the processor time of streams: it has nothing else to do meanwhile.
import { createHash, type Hash } from 'node:crypto';
import { readSync, writeSync } from 'node:fs';
import { messageOf } from '../../core/errors.js';
import { isFile, type ListableEntry, listingLine } from '../../core/media-listing.js';
import { GnuTarReader, type TarVisitor } from './gnu-tar.js';

const roomBytes = 1024 * 1024;
const leastWrite = 64 * 1024;

function write(descriptor: number, bytes: Buffer): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  } catch (error) {
    // Said as other programs do, by whose words a consequence is told from a cause.
    process.stderr.write(`write error: ${messageOf(error)}\n`);
    process.exit(1);
  }
}

/** Writes a line for each entry. */
class Listing implements TarVisitor {
  private entry: ListableEntry | undefined;
  private hash: Hash | undefined;
  private lines = '';

  begin(entry: ListableEntry): void {
    this.entry = entry;
    this.hash = isFile(entry) ? createHash('sha256') : undefined;
  }

  body(bytes: Buffer): void {
    this.hash?.update(bytes);
  }

  end(): void {
    if (this.entry) this.lines += `${listingLine(this.entry, this.hash?.digest('hex'))}\n`;
    if (this.lines.length >= leastWrite) this.flush();
  }

  flush(): void {
    write(3, Buffer.from(this.lines));
    this.lines = '';
  }
}

const room = Buffer.allocUnsafeSlow(roomBytes);
const listing = new Listing();
const reader = new GnuTarReader(listing);
for (let read = readSync(0, room); read > 0; read = readSync(0, room)) {
  const chunk = room.subarray(0, read);
  write(1, chunk);
  reader.take(chunk);
}
reader.end();
listing.flush();
