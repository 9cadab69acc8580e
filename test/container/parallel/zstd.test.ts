import { type ExecFileSyncOptionsWithBufferEncoding, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { decompress, ZstdEncoder } from '../../../container/parallel/zstd.js';
import { Random } from '../../support/random.js';

const mebibyte = 1024 * 1024;
const byProgram: ExecFileSyncOptionsWithBufferEncoding = { maxBuffer: 64 * mebibyte, stdio: 'pipe' };

function compressed(pieces: readonly Buffer[]): Buffer {
  const encoder = new ZstdEncoder(1);
  const made: Buffer[] = [];
  for (const piece of pieces) {
    const overwritten = Buffer.from(piece);
    encoder.encode(overwritten, (part) => made.push(part));
    overwritten.fill(0);
  }
  encoder.finish((part) => made.push(part));
  encoder.close();
  return Buffer.concat(made);
}

/** Hands bytes on in pieces of random sizes, as a storage does. */
function readBack(bytes: Buffer, random = new Random(1)): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + random.between(1, random.pick([100, mebibyte]));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return buffer(decompress(Readable.from(pieces)));
}

function rows(size: number, random: Random): Buffer {
  const bytes = Buffer.alloc(size, `${random.between(0, 1_000_000)}\twidget\n`);
  for (let at = 0; at < size; at += random.between(1, 400)) bytes[at] = random.between(0, 255);
  return bytes;
}

describe.each([
  { name: 'nothing', sizes: [] },
  { name: 'a byte', sizes: [1] },
  { name: 'a room of the decompressor to the byte', sizes: [mebibyte] },
  { name: 'two of them', sizes: [2 * mebibyte] },
  { name: 'one of them in two frames', sizes: [mebibyte / 2, mebibyte / 2] },
  { name: 'more and more', sizes: [3, 70_000, mebibyte - 1, 2 * mebibyte + 1] },
  { name: 'pieces of which one is empty', sizes: [5, 0, 7] },
])('$name', ({ sizes }) => {
  const random = new Random(sizes.length + 1);
  const pieces = sizes.map((size) => rows(size, random));
  const archive = compressed(pieces);

  it('is read back', async () => {
    expect(Buffer.concat(pieces).equals(await readBack(archive))).toBe(true);
  });

  it('is an archive to the zstd program, with checksums', () => {
    expect(execFileSync('zstd', ['-dc'], { ...byProgram, input: archive }).equals(Buffer.concat(pieces))).toBe(true);
    expect(archive.readUInt8(4) & 0b100, 'Content_Checksum_flag of the first frame').toBe(0b100);
  });

  it.each(['at its end', 'in its last frame'])('is refused when it is cut %s', async (where) => {
    const cut = archive.subarray(0, archive.length - (where === 'at its end' ? 1 : 5));
    await expect(readBack(cut)).rejects.toThrow('it ends too early');
  });
});

it('does not read what was changed', async () => {
  const archive = compressed([rows(100_000, new Random(5))]);
  const at = archive.length - 2; // within the checksum
  archive.writeUInt8(archive.readUInt8(at) ^ 1, at);
  await expect(readBack(archive)).rejects.toThrow(/cannot be decompressed: .*checksum/);
});

it('reads what the zstd program makes', async () => {
  const bytes = rows(3 * mebibyte, new Random(7));
  const archive = execFileSync('zstd', ['-c', '-3'], { ...byProgram, input: bytes });
  expect(bytes.equals(await readBack(archive))).toBe(true);
});

it('makes no more than is taken, however much a frame holds', async () => {
  const archive = compressed([Buffer.alloc(400 * mebibyte)]);
  expect(archive.length).toBeLessThan(mebibyte);
  const stream = decompress(Readable.from([archive]));
  await once(stream, 'readable');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(stream.readableLength).toBeLessThanOrEqual(3 * mebibyte);
  stream.destroy();
});

it('fails as what it reads fails', { timeout: 5_000 }, async () => {
  const archive = compressed([rows(200_000, new Random(11))]);
  async function* breaking() {
    yield archive.subarray(0, 40_000);
    throw new Error('the connection broke');
  }
  await expect(buffer(decompress(Readable.from(breaking())))).rejects.toThrow('the connection broke');
  const out = new Writable({ write: (_chunk, _encoding, done) => done() });
  await expect(pipeline(decompress(Readable.from(breaking())), out)).rejects.toThrow('the connection broke');
});

it('lets go of what it reads when nobody reads it any more', async () => {
  const source = Readable.from([compressed([Buffer.alloc(64 * mebibyte)])]);
  const stream = decompress(source);
  await once(stream, 'readable');
  stream.destroy();
  await expect.poll(() => source.destroyed).toBe(true);
});
