import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { BucketSource } from '../../../container/media/bucket-source.js';
import { tarEntries } from '../../../container/media/tar-entries.js';
import { objectRecords } from '../../../core/media/bucket-names.js';

/** Keys that no emulator takes. */
const keys = ['/leading', 'a//b', 'line\nbreak', 'nul\0', '//', ' =\n12 x=y'];

it('archives objects of any key, and remembers each exactly', async () => {
  const client = new S3Client({ region: 'us-east-1' });
  const mock = mockClient(client);
  const all = [...keys, ...Array.from({ length: 30 }, (_, index) => `many/${index}`)];
  mock.on(ListObjectsV2Command).callsFake(async ({ ContinuationToken }) => {
    const page = ContinuationToken === undefined ? all.slice(0, 20) : all.slice(20);
    return {
      EncodingType: 'url',
      Contents: page.map((key) => ({ Key: encodeURIComponent(`m/${key}`), Size: key.length, ETag: '"e"' })),
      ...(ContinuationToken === undefined ? { NextContinuationToken: 'more' } : {}),
    };
  });
  let atOnce = 0;
  let most = 0;
  mock.on(GetObjectCommand).callsFake(async ({ Key }) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise((resolve) => setTimeout(resolve, 5));
    atOnce -= 1;
    const body = Buffer.from(Key.slice(2));
    return { ETag: '"e"', ContentLength: body.length, Body: Readable.from([body]) };
  });
  const { signal } = new AbortController();
  const location = { bucket: 'b', key: 'm/' };
  const source = new BucketSource({ client, location }, { exclude: [], without: [], signal });
  const read: [string | undefined, string][] = [];
  for await (const { pax, body } of tarEntries(source.stream())) {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    read.push([pax[objectRecords.key], Buffer.concat(chunks).toString()]);
  }
  expect(read).toEqual(all.map((key) => [key, key]));
  expect(source).toMatchObject({ files: all.length, bytes: all.join('').length, warnings: [] });
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(9);
});
