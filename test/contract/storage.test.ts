import { randomBytes } from 'node:crypto';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { LocalStorage } from '../../container/storage/local-storage.js';
import { S3Storage } from '../../core/aws/s3-storage.js';
import type { Storage } from '../../core/storage.js';
import { temporaryFolder } from '../support/folders.js';
import { s3Endpoint, testBucket } from '../support/s3.js';
import { get, keysOf, list, put } from '../support/storage.js';

interface Scene {
  readonly storage: Storage;
  /** What lies in the storage whatever the listing shows: all files, or all objects and unfinished uploads. */
  everything(): Promise<string[]>;
  /** Leaves what a killed write leaves. */
  abandon(key: string): Promise<void>;
  /** When the storage says that it was left. */
  readonly abandonedAt: Date;
}

async function localScene(): Promise<Scene> {
  const folder = await temporaryFolder();
  const abandonedAt = new Date(Date.now() - 3_600_000);
  return {
    abandonedAt,
    storage: new LocalStorage(folder),
    everything: async () =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
    abandon: async (key) => {
      const path = join(folder, dirname(key), `.${key.slice(dirname(key).length + 1)}.0123456789ab.part`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'half of it');
      await utimes(path, abandonedAt, abandonedAt);
    },
  };
}

async function s3Scene(): Promise<Scene> {
  const bucket = await testBucket();
  const prefix = 'backups/';
  const client = new S3Client({
    endpoint: s3Endpoint() ?? '',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return {
    abandonedAt: new Date('2010-11-10T20:48:33Z'), // moto says so of every upload
    storage: new S3Storage({ client, bucket: bucket.name, prefix, nativeChecksums: false }),
    everything: async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket.name }));
      const keys = [...(await bucket.keys()), ...Uploads.map(({ Key = '' }) => `${Key} (unfinished)`)];
      return keys.map((key) => key.slice(prefix.length));
    },
    abandon: async (key) => {
      await client.send(new CreateMultipartUploadCommand({ Bucket: bucket.name, Key: `${prefix}${key}` }));
    },
  };
}

const storages = [
  { name: 'a local directory', scene: localScene, missing: false },
  { name: 'a bucket', scene: s3Scene, missing: s3Endpoint() === null },
];

describe.each(storages)('$name', ({ scene, missing }) => {
  const test = it.skipIf(missing);

  test.each([
    { name: 'nothing', bytes: 0 },
    { name: 'a byte', bytes: 1 },
    { name: 'one part less a byte', bytes: 8 * 1024 * 1024 - 1 },
    { name: 'one part', bytes: 8 * 1024 * 1024 },
    { name: 'one part and a byte', bytes: 8 * 1024 * 1024 + 1 },
    { name: 'several parts', bytes: 25_000_000 },
  ])('gives back what it was given: $name', async ({ bytes }) => {
    const { storage, everything } = await scene();
    const content = randomBytes(bytes);
    const chunks = Readable.from(
      (function* () {
        for (let at = 0; at < bytes; at += 100_003) yield content.subarray(at, at + 100_003);
      })(),
    );
    await storage.write('database/a.sql', chunks, { expectedBytes: bytes });
    expect((await get(storage, 'database/a.sql')).equals(content)).toBe(true);
    expect(await list(storage, 'database/')).toMatchObject([{ key: 'database/a.sql', bytes }]);
    const [object] = await list(storage, '');
    expect(Math.abs(Date.now() - (object?.modified.getTime() ?? 0))).toBeLessThan(600_000);
    expect(await everything()).toEqual(['database/a.sql']);
  });

  test('reads the first bytes of an object, or all where it has fewer', async () => {
    const { storage } = await scene();
    await put(storage, 'a', '0123456789');
    expect(String(await get(storage, 'a', { firstBytes: 4 }))).toBe('0123');
    expect(String(await get(storage, 'a', { firstBytes: 10 }))).toBe('0123456789');
    expect(String(await get(storage, 'a', { firstBytes: 11 }))).toBe('0123456789');
    await put(storage, 'empty', '');
    expect(await get(storage, 'empty', { firstBytes: 4 })).toHaveLength(0);
  });

  test('never overwrites: the first one stays, and the second is told', async () => {
    const { storage, everything } = await scene();
    await put(storage, 'database/a', 'first');
    for (const second of ['second', Buffer.alloc(9_000_000)]) {
      await expect(put(storage, 'database/a', second)).rejects.toMatchObject({ code: 'ALREADY_STORED', exitCode: 4 });
    }
    expect(String(await get(storage, 'database/a'))).toBe('first');
    expect(await everything()).toEqual(['database/a']);
  });

  test('two writers of one key: one wins, whole', async () => {
    const { storage, everything } = await scene();
    const outcomes = await Promise.allSettled([
      put(storage, 'a', 'x'.repeat(5000)),
      put(storage, 'a', 'y'.repeat(4000)),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ALREADY_STORED' } });
    expect(String(await get(storage, 'a'))).toBe(
      outcomes[0]?.status === 'fulfilled' ? 'x'.repeat(5000) : 'y'.repeat(4000),
    );
    expect(await everything()).toEqual(['a']);
  });

  test.each([
    { name: 'before its first byte', bytes: 0 },
    { name: 'in its first part', bytes: 1_000_000 },
    { name: 'after some parts', bytes: 20_000_000 },
  ])('a source that fails $name leaves nothing, and its own error is the one that is thrown', async ({ bytes }) => {
    const { storage, everything } = await scene();
    const failure = new Error('the dump failed');
    const source = new PassThrough();
    const written = storage.write('database/a', source, { expectedBytes: bytes });
    const outcome = expect(written).rejects.toBe(failure);
    for (let sent = 0; sent < bytes; sent += 100_000) {
      if (!source.write(Buffer.alloc(100_000, 1))) await new Promise((resolve) => source.once('drain', resolve));
    }
    await delay(20);
    source.destroy(failure);
    await outcome;
    expect(await everything()).toEqual([]);
    await put(storage, 'database/a', 'the next run');
  });

  test('a source that has failed already leaves nothing, and its own error is the one that is thrown', async () => {
    const { storage, everything } = await scene();
    const failure = new Error('the dump failed');
    const source = new PassThrough();
    source.on('error', () => {}); // told to the storage
    source.destroy(failure);
    await expect(storage.write('database/a', source)).rejects.toBe(failure);
    expect(await everything()).toEqual([]);
  });

  test('an interrupted write leaves nothing, and throws the reason', async () => {
    const { storage, everything } = await scene();
    const interruption = new AbortController();
    const source = new PassThrough();
    const written = storage.write('database/a', source, { signal: interruption.signal });
    const outcome = expect(written).rejects.toThrow('enough');
    source.write(Buffer.alloc(10_000));
    await delay(20);
    interruption.abort(new Error('enough'));
    await outcome;
    expect(source.destroyed).toBe(true);
    expect(await everything()).toEqual([]);
  });

  test('is not listed while it is being written', async () => {
    const { storage } = await scene();
    const source = new PassThrough();
    const written = storage.write('database/a', source);
    source.write(Buffer.alloc(1000));
    await delay(100);
    expect(await keysOf(storage, '')).toEqual([]);
    source.end();
    await written;
    expect(await keysOf(storage, '')).toEqual(['database/a']);
  });

  test('lists by prefix, whatever stands before or behind it', async () => {
    const { storage } = await scene();
    const all = [
      'crm-eu/database/a',
      'crm/database/a',
      'crm/database/b',
      'crm/database/sub/c',
      'crm/media/a',
      'database/a',
    ];
    for (const key of all) await put(storage, key, key);
    expect(await keysOf(storage, '')).toEqual(all);
    expect(await keysOf(storage, 'crm/')).toEqual(all.slice(1, 5));
    expect(await keysOf(storage, 'crm/database/')).toEqual(all.slice(1, 4));
    expect(await keysOf(storage, 'crm/database/b')).toEqual(['crm/database/b']);
    expect(await keysOf(storage, 'cr')).toEqual(all.slice(0, 5));
    for (const none of ['crm/database/x', 'none/', 'atabase/']) expect(await keysOf(storage, none)).toEqual([]);
  });

  test.each([
    'with space',
    'with+plus',
    '100%25.txt',
    '50%',
    'a&b<c>"\'',
    'Ünï Кириллица 日本',
    '~tilde (1)*!;$(touch x)',
    'q?uestion#hash',
    'back\\slash',
    '..two.dots..',
  ])('a name of any characters: %s', async (name) => {
    const { storage, everything } = await scene();
    await put(storage, `database/${name}`, name);
    expect(await keysOf(storage, 'database/')).toEqual([`database/${name}`]);
    expect(String(await get(storage, `database/${name}`))).toBe(name);
    expect(await storage.remove([`database/${name}`])).toEqual([]);
    expect(await everything()).toEqual([]);
  });

  test('removes, and what is gone already is no failure', async () => {
    const { storage, everything } = await scene();
    for (const key of ['database/a', 'database/b', 'database/c']) await put(storage, key, 'x');
    expect(await storage.remove(['database/a', 'database/none', 'none/at/all', 'database/b'])).toEqual([]);
    expect(await storage.remove(['database/a'])).toEqual([]);
    expect(await storage.remove([])).toEqual([]);
    expect(await everything()).toEqual(['database/c']);
  });

  test('a missing object is NO_SUCH_BACKUP', async () => {
    const { storage } = await scene();
    await expect(get(storage, 'database/none')).rejects.toMatchObject({ code: 'NO_SUCH_BACKUP', exitCode: 5 });
  });

  test('clears what interrupted writes left, below the prefix and of that age only', async () => {
    const { storage, everything, abandon, abandonedAt } = await scene();
    await put(storage, 'crm/database/a', 'x');
    await abandon('crm/database/b');
    await abandon('crm-eu/database/b');
    expect(await keysOf(storage, '')).toEqual(['crm/database/a']);
    expect(await storage.clearAbandoned('crm/', new Date(abandonedAt.getTime() - 1000))).toEqual([]);
    expect(await everything()).toHaveLength(3);
    expect(await storage.clearAbandoned('crm/', new Date(abandonedAt.getTime() + 1000))).toEqual([
      expect.stringMatching(/^crm\/database\/\.?b/),
    ]);
    expect(await everything()).toHaveLength(2);
    expect(await keysOf(storage, '')).toEqual(['crm/database/a']);
  });

  test('frees bytes, or has no end', async () => {
    const free = await (await scene()).storage.freeBytes();
    expect(free === undefined || free > 0).toBe(true);
  });
});
