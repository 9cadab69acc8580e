import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
function taken(bytes: Buffer, sizes: readonly number[]): { rows: Buffer; others: Message[] } {
  const frames = new CopyFrames();
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
