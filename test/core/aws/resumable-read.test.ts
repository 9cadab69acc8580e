import { describe, expect, it } from 'vitest';
import { type Choose, reading } from '../../support/faults.js';
import { content, silence, threePartsIn } from '../../support/faulty-bucket.js';
import { s3Endpoint } from '../../support/s3.js';

const timeout = 180_000;

describe.skipIf(s3Endpoint() === null)('a download', { timeout }, () => {
  it.each<{ name: string; fault: Choose; idle?: number }>([
    { name: 'the connection breaks four times', fault: reading('a', 4, { resetAfter: 3_000_000 }) },
    { name: 'the connection falls silent', fault: reading('a', 1, { stallAfter: 2_000_000 }), idle: silence },
    { name: 'S3 is busy', fault: reading('a', 2, { answer: 503, code: 'SlowDown' }) },
    { name: 'the answer does not come', fault: reading('a', 1, 'stall'), idle: silence },
  ])('goes on where it stopped when $name', async ({ fault, idle }) => {
    const { proxy, write, read } = await threePartsIn(idle);
    await write();
    proxy.fail(fault);
    expect((await read()).equals(content)).toBe(true);
  });

  it.each<{ name: string; fault: Choose; says: RegExp; hint: RegExp; idle?: number }>([
    {
      name: 'the connection always breaks at once',
      fault: reading('a', 99, { resetAfter: 0 }),
      says: /not read: /,
      hint: /run again/i,
    },
    {
      name: 'the connection always breaks after a packet',
      fault: reading('a', 9_999, { resetAfter: 471 }),
      says: /not read: /,
      hint: /run again/i,
    },
    {
      name: 'nothing ever comes',
      fault: reading('a', 99, { stallAfter: 0 }),
      says: /not read: /,
      hint: /BACKUP_S3_TIMEOUT/,
      idle: 2_000,
    },
    {
      name: 'the object is another one after a break',
      fault: reading('a', 1, { resetAfter: 1_000_000, wrongEtag: true }),
      says: /not read: ObjectChanged: it changed while it was being read, after \d+ bytes/,
      hint: /Something else writes into this bucket/,
    },
  ])('ends when $name', async ({ fault, says, hint, idle }) => {
    const { proxy, write, read } = await threePartsIn(idle);
    await write();
    proxy.fail(fault);
    await expect(read()).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(says),
      hint: expect.stringMatching(hint),
    });
  });
});
