import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ListingComparison, listingLine } from '../../../core/media/listing.js';
import { bytesOf } from '../../support/listing.js';

const latin1 = (text: string) => Buffer.from(text).toString('latin1');

/** The path in a line, of a file whose name has these bytes. */
const shownIn = (name: string): string =>
  JSON.parse(listingLine({ name, type: 'file', bytes: 0, mode: 0o644, link: '' }, undefined)).path;

describe('names in a listing', () => {
  it.each([
    { name: 'plain', bytes: 'a/b.jpg', shown: 'a/b.jpg' },
    { name: 'UTF-8', bytes: latin1('ü 覚 😀\n'), shown: 'ü 覚 😀\n' },
    { name: 'a byte that is no UTF-8', bytes: '\xff\xc3(', shown: '\\xff\\xc3(' },
    { name: 'a backslash', bytes: 'a\\xff', shown: 'a\\\\xff' },
    { name: 'half a surrogate pair', bytes: '\xed\xa0\x80', shown: '\\xed\\xa0\\x80' },
    { name: 'too long a form of a slash', bytes: '\xc0\xaf', shown: '\\xc0\\xaf' },
  ])('$name', ({ bytes, shown }) => {
    expect(shownIn(bytes)).toBe(shown);
    expect(bytesOf(shown)).toBe(bytes);
  });

  it('can be turned back, whatever they are', () => {
    const byte = fc.oneof(fc.constantFrom(0x5c, 0x78, 0x66, 0xc3, 0xbc, 0xe2, 0x82, 0xac), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 1, maxLength: 40 }), (bytes) => {
        const name = String.fromCharCode(...bytes);
        expect(bytesOf(shownIn(`./${name}`))).toBe(name);
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });

  it('are below the root, with the kind that they are of', () => {
    const entry = { bytes: 0, mode: 0o40750, link: '' };
    expect(listingLine({ ...entry, name: './', type: 'directory' }, undefined)).toBe(
      '{"path":".","type":"directory","size":0,"mode":"0750"}',
    );
    expect(listingLine({ ...entry, name: './a/b', type: 'link', link: './a/c' }, undefined)).toContain(
      '"target":"a/c"',
    );
    expect(listingLine({ ...entry, name: './l', type: 'symlink', link: './x' }, undefined)).toContain('"target":"./x"');
  });
});

describe('the comparison with a listing', () => {
  const line = (path: string, more: object = {}) =>
    JSON.stringify({ path, type: 'file', size: 1, mode: '0644', sha256: 'a', ...more });
  const compare = (listed: readonly string[], found: readonly string[]) => {
    const comparison = new ListingComparison();
    for (let at = 0; at < Math.max(listed.length, found.length); at += 1) comparison.take(listed[at], found[at]);
    return comparison.differences;
  };
  const abc = ['a', 'b', 'c'].map((path) => line(path));

  it.each([
    { name: 'nothing', found: abc, says: [] },
    { name: 'another order', found: abc.toReversed(), says: [] },
    { name: 'the first missing', found: abc.slice(1), says: ['"a" is missing'] },
    { name: 'the last missing', found: abc.slice(0, 2), says: ['"c" is missing'] },
    { name: 'one too many', found: [line('0'), ...abc], says: ['"0" was not backed up'] },
    { name: 'one twice', found: [...abc, line('b')], says: ['"b" was not backed up'] },
    {
      name: 'a name that changed',
      found: [line('z'), ...abc.slice(1)],
      says: ['"a" is missing', '"z" was not backed up'],
    },
    {
      name: 'bytes, mode and type',
      found: [
        line('a', { sha256: 'b' }),
        line('b', { mode: '0600' }),
        line('c', { type: 'symlink', sha256: undefined }),
      ],
      says: [
        '"a": its 1 bytes are not the ones that were backed up',
        '"b": its mode is 0600, not 0644',
        '"c": its type is symlink, not file',
      ],
    },
  ])('$name', ({ found, says }) => {
    expect(compare(abc, found)).toEqual(says);
  });

  it('ends in a number where nothing is as it was', () => {
    const many = (from: string) => Array.from({ length: 5_000 }, (_, index) => line(`${from}${index}`));
    const differences = compare(many('a'), many('b'));
    expect(differences).toHaveLength(2_001);
    expect(differences.at(-1)).toBe('and 8000 more');
  });
});
