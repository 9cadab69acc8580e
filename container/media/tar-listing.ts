// A program between tar and the compressor: lets the archive through and writes its listing to file descriptor 3. It
// reads and writes synchronously, which takes half the processor time of streams: it has nothing else to do meanwhile.
import { readSync, writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { messageOf } from '../../core/errors.js';
import { listedEntries } from './listed-entries.js';

const slabBytes = 1024 * 1024;
const leastRead = 64 * 1024;

function* passedOn(): Iterable<Buffer> {
  let slab = Buffer.allocUnsafe(slabBytes);
  for (;;) {
    if (slab.length < leastRead) slab = Buffer.allocUnsafe(slabBytes);
    const read = readSync(0, slab);
    if (read === 0) return;
    const chunk = slab.subarray(0, read);
    write(1, chunk);
    yield chunk;
    slab = slab.subarray(read);
  }
}

function write(descriptor: number, bytes: Buffer): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  } catch (error) {
    // Said as other programs do, by whose words a consequence is told from a cause.
    process.stderr.write(`write error: ${messageOf(error)}\n`);
    process.exit(1);
  }
}

let lines = '';
for await (const { line } of listedEntries(Readable.from(passedOn(), { objectMode: false }))) {
  lines += `${line}\n`;
  if (lines.length < leastRead) continue;
  write(3, Buffer.from(lines));
  lines = '';
}
write(3, Buffer.from(lines));
