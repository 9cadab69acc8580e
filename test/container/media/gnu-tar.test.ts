import { open, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { execa } from 'execa';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { GnuTarReader } from '../../../container/media/gnu-tar.js';
import { listedEntries } from '../../../container/media/listed-entries.js';
import { ListingLines } from '../../../container/media/listing-lines.js';
import type { ListableEntry } from '../../../core/media/listing.js';
import { temporaryFolder } from '../../support/folders.js';
import { makeTree } from '../../support/tree.js';

async function tarOf(folder: string, ...args: readonly string[]): Promise<Buffer> {
  const { stdout } = await execa('tar', ['-c', '--format=gnu', '--blocking-factor=128', ...args, '-C', folder, '.'], {
    ...{ encoding: 'buffer', maxBuffer: 100_000_000 },
  });
  return Buffer.from(stdout);
}

/** What the reader says of an archive that comes in pieces, each of which is overwritten as soon as it was taken. */
function read(archive: Buffer, sizes: readonly number[]): string[] {
  const lines: string[] = [];
  const reader = new GnuTarReader(new ListingLines((line) => lines.push(line)));
  for (let at = 0, piece = 0; at < archive.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? archive.length;
    const chunk = Buffer.from(archive.subarray(at, at + size));
    reader.take(chunk);
    chunk.fill(0xaa);
    at += size;
  }
  reader.end();
  return lines;
}

let archive: Buffer;
beforeEach(async () => {
  const folder = await temporaryFolder();
  await makeTree(folder);
  for (const bytes of [1, 511, 512, 513, 1024]) await writeFile(join(folder, `of ${bytes}`), Buffer.alloc(bytes, 'b'));
  for (const length of [99, 100, 101]) await writeFile(join(folder, 'n'.repeat(length - 2)), 'name');
  await symlink('t'.repeat(100), join(folder, 'leads to 100'));
  await symlink(`${'t'.repeat(150)}\n`, join(folder, 'leads far'));
  await execa('mkfifo', [join(folder, 'fifo')]);
  archive = await tarOf(folder);
});

describe('the reader of what GNU tar writes', () => {
  it('sees what the general one sees, however the bytes were cut', { timeout: 120_000 }, async () => {
    const wanted: string[] = [];
    for await (const { line } of listedEntries(Readable.from([archive]))) wanted.push(line);
    expect(wanted.length).toBeGreaterThan(40);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 1_500 }), fc.integer({ min: 1, max: 1_048_576 })), {
          minLength: 1,
        }),
        (sizes) => {
          // Small pieces alone take long and show nothing new.
          expect(read(archive, [...sizes, 65_536])).toEqual(wanted);
        },
      ),
      { numRuns: 40, seed: 11 },
    );
  });

  it('understands sizes that octal digits do not hold', async () => {
    const folder = await temporaryFolder();
    const file = await open(join(folder, 'huge'), 'w');
    await file.truncate(9 * 1024 ** 3); // it takes no room on the disk
    await file.close();
    const { stdout } = await execa('bash', ['-c', 'tar -c --format=gnu -C "$1" huge | head -c 1024', 'bash', folder], {
      encoding: 'buffer',
    });
    const sizes: number[] = [];
    const visitor = { begin: ({ bytes }: ListableEntry) => sizes.push(bytes), body: () => {}, end: () => {} };
    new GnuTarReader(visitor).take(Buffer.from(stdout));
    expect(sizes).toEqual([9 * 1024 ** 3]);
  });

  it.each([
    { what: 'cut in a header', change: (bytes: Buffer) => bytes.subarray(0, 300) },
    { what: 'cut in a body', change: (bytes: Buffer) => bytes.subarray(0, 40_000) },
    { what: 'cut before its zeros', change: (bytes: Buffer) => bytes.subarray(0, bytes.indexOf(Buffer.alloc(1024))) },
    { what: 'with a bit flipped in its first name', change: (bytes: Buffer) => Buffer.from(bytes).fill('/', 0, 1) },
    { what: 'of something else', change: () => Buffer.alloc(20_480, 'x') },
    { what: 'of nothing', change: () => Buffer.alloc(0) },
  ])('refuses an archive $what', ({ change }) => {
    expect(() => read(change(archive), [100_000])).toThrow(expect.objectContaining({ code: 'ARCHIVE_CORRUPT' }));
  });
});
