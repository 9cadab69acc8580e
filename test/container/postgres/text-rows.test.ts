import fc from 'fast-check';
import { expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { TextRows } from '../../../container/postgres/text-rows.js';

const line = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 80 }).map((text) => text.replaceAll('\n', '\\n')),
  fc.nat(200_000).map((length) => 'x'.repeat(length)),
);

it('rows are counted and hashed as XXH64 has it, however their bytes are cut and wherever they are', {
  timeout: 60_000,
}, async () => {
  const { h64Raw } = await xxhash();
  const [counting, hashing] = [new TextRows(false), new TextRows(true)];
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1 }),
      (lines, sizes) => {
        const texts = [...lines, '\\.'].map((text) => Buffer.from(`${text}\n`));
        const bytes = Buffer.concat(texts);
        for (const rows of [counting, hashing]) rows.begin();
        for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
          const size = Math.min(sizes[piece % sizes.length] ?? 1, bytes.length - at);
          const chunk = bytes.subarray(at, at + size);
          counting.take(chunk);
          chunk.copy(hashing.room, piece % 7);
          hashing.take(piece % 2 === 0 ? hashing.room.subarray(piece % 7, (piece % 7) + size) : chunk);
          at += size;
        }
        const sum = texts.slice(0, -1).reduce((total, text) => total + h64Raw(text), 0n);
        expect(counting.taken).toEqual({ rows: lines.length, sum: 0n });
        expect(hashing.taken).toEqual({ rows: lines.length, sum: BigInt.asUintN(64, sum) });
      },
    ),
    { numRuns: 60, seed: 20_261_127 },
  );
});
