// A program between pg_dump and the compressor: lets a dump through, plain or in custom format, counts and hashes (as its
// arguments say) the rows of each table, and writes what it found to file descriptor 3. It ends with an error where the dump
// is not whole.
// It reads and writes synchronously, which takes half the processor time of streams: it has nothing else to do meanwhile.
import { readSync, writeSync } from 'node:fs';
import { messageOf } from '../../core/errors.js';
import { ArchiveReader } from './archive-reader.js';
import { copyTarget, type RawName } from './copy-target.js';
import { type DumpedTable, verdict } from './dumped-rows.js';
import { SqlReader } from './sql-reader.js';
import { TextRows } from './text-rows.js';

/** A read of less than this has emptied the pipe: pg_dump, which writes little at a time, would wake us for each. */
const fullRead = 64 * 1024;
/** Milliseconds. */
const breath = 1;

const [, , mode, format] = process.argv;
const rows = new TextRows(mode === 'full');
const idle = new Int32Array(new SharedArrayBuffer(4));
let found = '';

function archiveReader() {
  return new ArchiveReader(rows, (copyStatement, taken) => tell(copyTarget(copyStatement), taken));
}

function scriptReader() {
  let target: RawName | undefined;
  const reader = new SqlReader({
    // Of no other statement the words are wanted.
    holds: (skeleton) => /^(?:c(?:o(?:p(?:y\b.*)?)?)?)?$/is.test(skeleton),
    text() {},
    statement(_skeleton, held) {
      target = copyTarget(Buffer.concat(held));
      rows.begin();
    },
    rows(bytes, end) {
      rows.take(bytes);
      if (end) tell(target, rows.taken);
    },
  });
  return { write: (chunk: Buffer) => reader.write(chunk), end: () => reader.end(true) };
}

function tell(target: RawName | undefined, taken: TextRows['taken']): void {
  if (!target) return;
  const table: DumpedTable = { ...target, rows: taken.rows, sum: String(taken.sum) };
  found += `${JSON.stringify(table)}\n`;
}

function write(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const reader = format === 'custom' ? archiveReader() : scriptReader();
for (let read = readSync(0, rows.room); read > 0; read = readSync(0, rows.room)) {
  const chunk = rows.room.subarray(0, read);
  try {
    write(1, chunk);
  } catch (error) {
    // Said as other programs do, by whose words a consequence is told from a cause.
    fail(`write error: ${messageOf(error)}`);
  }
  try {
    reader.write(chunk);
  } catch (error) {
    fail(`${verdict}${messageOf(error)}`);
  }
  if (read < fullRead) Atomics.wait(idle, 0, 0, breath);
}
try {
  reader.end();
} catch (error) {
  fail(`${verdict}${messageOf(error)}`);
}
write(3, Buffer.from(found));
