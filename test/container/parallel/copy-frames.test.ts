import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { CopyFrames } from '../../../container/parallel/copy-frames.js';

const rowsType = 0x64;

interface Message {
  readonly type: number;
  readonly body: Buffer;
}

function framed({ type, body }: Message): Buffer {
  const head = Buffer.from([type, 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Sends bytes through, in pieces of the given sizes, as a socket does. */
function taken(
  bytes: Buffer,
  sizes: readonly number[],
  frames = new CopyFrames(),
): { rows: Buffer; others: Message[] } {
  const rows: Buffer[] = [];
  const others: Message[] = [];
  let body: Buffer[] = [];
  for (let from = 0, piece = 0; from < bytes.length; piece += 1) {
    const length = bytes.copy(frames.input, 0, from, from + (sizes[piece % sizes.length] ?? 1));
    from += length;
    for (let at = 0; at < length; ) {
      at = frames.take(at, length);
      const { other } = frames;
      if (other === undefined) continue;
      const part = Math.min(frames.left, length - at);
      body.push(Buffer.from(frames.input.subarray(at, at + part)));
      frames.skip(part);
      at += part;
      if (frames.left > 0) continue;
      others.push({ type: other, body: Buffer.concat(body) });
      body = [];
    }
    if (frames.isFull) rows.push(Buffer.from(frames.empty()));
  }
  rows.push(Buffer.from(frames.empty()));
  return { rows: Buffer.concat(rows), others };
}

const messages = fc.array(
  fc.record({
    type: fc.oneof({ weight: 4, arbitrary: fc.constant(rowsType) }, fc.constantFrom(0x48, 0x63, 0x43, 0x4e, 0x5a)),
    body: fc
      .tuple(fc.oneof(fc.nat(100), fc.nat(5_000), fc.nat(700_000)), fc.nat(255))
      .map(([length, seed]) => Buffer.from(Array.from({ length }, (_, index) => (index * 31 + seed) % 256))),
  }),
  { maxLength: 40 },
);

describe('the frames of a COPY', () => {
  it('come off, however the bytes were cut on their way', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(
        messages,
        fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 262_144 })), { minLength: 1 }),
        (sent, sizes) => {
          // Many pieces of a few bytes each take long and show nothing new.
          const pieces = sizes.every((size) => size < 1_000) ? [...sizes, 262_144] : sizes;
          const { rows, others } = taken(Buffer.concat(sent.map(framed)), pieces);
          const bodies = sent.filter(({ type }) => type === rowsType).map(({ body }) => body);
          expect(rows.equals(Buffer.concat(bodies))).toBe(true);
          const told = (list: readonly Message[]) => list.map(({ type, body }) => [type, body.toString('base64')]);
          expect(told(others)).toEqual(told(sent.filter(({ type }) => type !== rowsType)));
        },
      ),
      { numRuns: 60, seed: 4 },
    );
  });
});

const binaryHeader = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const binaryTrailer = Buffer.from([0xff, 0xff]);

/** Bodies of rows of every length around what the hash works in: words of 8 bytes, stripes of 32. */
const rows = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ minLength: 3, maxLength: 100 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 100, maxLength: 70_000, size: 'max' }) },
    // As short as the trailer, and nearly it.
    { weight: 1, arbitrary: fc.constantFrom(Uint8Array.of(0xff, 0xfe), Uint8Array.of(0, 0), Uint8Array.of(0x0a)) },
  ),
  { maxLength: 60 },
);
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 262_144 })), {
  minLength: 1,
});

describe('the hash of copied rows', () => {
  it.each(['binary', 'text'] as const)(
    'is the sum of XXH64 of each row in %s form, however they were cut',
    { timeout: 120_000 },
    async (form) => {
      const { h64Raw } = await xxhash();
      fc.assert(
        fc.property(rows, cuts, fc.boolean(), (bodies, sizes, headerApart) => {
          const sent = bodies.map((body) => Buffer.from(body));
          if (form === 'binary') {
            // Servers send the header with the first row, or with the trailer where there is none.
            if (headerApart) sent.unshift(binaryHeader);
            else sent[0] = Buffer.concat([binaryHeader, sent[0] ?? binaryTrailer]);
            if (headerApart || bodies.length > 0) sent.push(binaryTrailer);
          }
          const frames = new CopyFrames();
          // What another COPY left behind must not matter.
          frames.begin('text');
          taken(framed({ type: rowsType, body: Buffer.from('another') }), [1_000], frames);
          frames.begin(form);
          taken(Buffer.concat(sent.map((body) => framed({ type: rowsType, body }))), sizes, frames);
          const sum = bodies.reduce((total, body) => BigInt.asUintN(64, total + h64Raw(body)), 0n);
          expect(frames.hashed).toEqual({ rows: bodies.length, sum });
        }),
        { numRuns: 300, seed: 7 },
      );
    },
  );

  it('is not taken where it is not wanted', () => {
    const frames = new CopyFrames();
    frames.begin(undefined);
    taken(framed({ type: rowsType, body: Buffer.from('row') }), [1_000], frames);
    expect(frames.hashed).toEqual({ rows: 0, sum: 0n });
  });
});
