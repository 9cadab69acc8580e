import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../core/errors.js';
import { manifestPadding, parseManifest, serializeManifest } from '../../core/manifest.js';
import { madeBackup } from '../support/catalog.js';

const key = 'database/db_backup_20260101_000000.manifest.json';
const files = madeBackup({ time: new Date('2026-01-01T00:00:00Z') });
const bytes = files[key] as Buffer;
const manifest = parseManifest(bytes, key);

/** Bytes of a manifest with something changed. */
const changed = (change: object) => serializeManifest({ ...manifest, ...change } as typeof manifest);

describe('a manifest', () => {
  it('comes back as it was written, unknown fields too, at any depth', () => {
    const extended = {
      ...manifest,
      later: { a: [1] },
      files: manifest.files.map((file) => ({ ...file, hue: 'blue' })),
    };
    expect(parseManifest(serializeManifest(extended), key)).toEqual(extended);
    expect(bytes.length % manifestPadding).toBe(0);
  });

  it('that is cut anywhere is refused', () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => parseManifest(bytes.subarray(0, length), key)).toThrow(/is cut short or was edited|is not JSON/);
    }
  });

  it.each([
    { name: 'of another version', change: { schemaVersion: 2 }, says: 'schemaVersion' },
    { name: 'without files', change: { files: [] }, says: 'files' },
    {
      name: 'with half a digest',
      change: { files: [{ ...manifest.files[0], sha256: 'abc' }] },
      says: 'files.0.sha256',
    },
    { name: 'with negative bytes', change: { files: [{ ...manifest.files[0], bytes: -1 }] }, says: 'files.0.bytes' },
    { name: 'with half a byte', change: { uncompressedBytes: 1.5 }, says: 'uncompressedBytes' },
    { name: 'of an unknown kind', change: { kind: 'mailbox' }, says: 'kind' },
    { name: 'of a database without one', change: { database: undefined }, says: 'database: missing' },
    { name: 'of media without them', change: { kind: 'media' }, says: 'media: missing' },
    { name: 'with no date', change: { startedAt: 'yesterday' }, says: 'startedAt' },
    { name: 'with an unknown compression', change: { compression: { method: 'rar' } }, says: 'compression.method' },
  ])('$name is refused by name', ({ change, says }) => {
    expect(() => parseManifest(changed(change), key)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID', message: expect.stringContaining(says) }),
    );
  });

  it('of another backup is refused', () => {
    expect(() => parseManifest(bytes, key, 'db_backup_20260102_000000')).toThrow(
      /is of another backup, db_backup_20260101/,
    );
  });

  it('whatever its bytes are, nothing but an OperatorError comes out', () => {
    const padded = (content: Buffer) =>
      Buffer.concat([
        content,
        Buffer.alloc((manifestPadding - (content.length % manifestPadding)) % manifestPadding, ' '),
      ]);
    const parse = (content: Buffer) => {
      try {
        parseManifest(content, key);
      } catch (error) {
        expect(error).toBeInstanceOf(OperatorError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (content) => parse(padded(Buffer.from(content)))));
    fc.assert(fc.property(fc.json(), (content) => parse(padded(Buffer.from(content)))));
    // One byte of a good one changed.
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const copy = Buffer.from(bytes);
        copy[at] = value;
        parse(copy);
      }),
    );
    // One field of a good one replaced by anything.
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(manifest)), fc.jsonValue(), (field, value) =>
        parse(changed({ [field]: value })),
      ),
    );
  });
});
