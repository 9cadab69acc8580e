// A program between tar and the compressor: lets the archive through and writes its listing to file descriptor 3. It
// reads and writes synchronously, which takes half the processor time of streams: it has nothing else to do meanwhile.
import { readSync, writeSync } from 'node:fs';
import { messageOf } from '../../core/errors.js';
import { GnuTarReader } from './gnu-tar.js';
import { ListingLines } from './listing-lines.js';

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

let lines = '';

function flush(): void {
  write(3, Buffer.from(lines));
  lines = '';
}

const room = Buffer.allocUnsafeSlow(roomBytes);
const reader = new GnuTarReader(
  new ListingLines((line) => {
    lines += `${line}\n`;
    if (lines.length >= leastWrite) flush();
  }),
);
for (let read = readSync(0, room); read > 0; read = readSync(0, room)) {
  const chunk = room.subarray(0, read);
  write(1, chunk);
  reader.take(chunk);
}
reader.end();
flush();
