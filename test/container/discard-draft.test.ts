import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { discardDraft, draftBackup, partKey } from '../../container/backup.js';
import { backupMedia } from '../../container/backup-media.js';
import type { BackupResult } from '../../container/results.js';
import { wire } from '../../container/wire.js';
import { silentLog, silentProgress } from '../../core/log.js';
import { first } from '../support/faults.js';
import { temporaryFolder } from '../support/folders.js';
import { type Fault, type S3Call, s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const moto = s3Endpoint() ?? '';

/** Hosts that begin in the same second: each sees an empty bucket. */
async function scene() {
  const bucket = await testBucket();
  const proxy = await s3Proxy(moto);
  // The SDK reads credentials from the process' own environment.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  let faults: (call: S3Call) => Fault | undefined = () => undefined;
  const host = async (environment: Record<string, string>) => {
    const unseen = first(1, 'ListObjectsV2', { answer: 403, code: 'AccessDenied' });
    proxy.fail((call) => unseen(call) ?? faults(call));
    return wire({
      environment: { ...bucket.env, AWS_ENDPOINT_URL: proxy.endpoint, BACKUP_STORAGE: 's3', ...environment },
      signal: new AbortController().signal,
      log: silentLog,
      progress: silentProgress,
      now: () => new Date('2026-01-15T04:00:00Z'),
    });
  };
  const refuse = (pattern: RegExp) => {
    faults = ({ operation, key }) =>
      /^(?:PutObject|CreateMultipartUpload)$/.test(operation) && pattern.test(key)
        ? { answer: 403, code: 'AccessDenied' }
        : undefined;
  };
  return { bucket, host, refuse };
}

async function backUpMedia({ host }: Awaited<ReturnType<typeof scene>>, content: string): Promise<BackupResult> {
  const root = join(await temporaryFolder(), 'media');
  await mkdir(root);
  await writeFile(join(root, 'file'), content);
  const run = await host({ MEDIA_ROOT: root, BACKUP_FINGERPRINT: 'counts' });
  return backupMedia(run, { compression: 'gzip', uploadS3: false, exclude: [] });
}

describe.skipIf(moto === '')('two runs of one name, of which the second fails', { timeout: 120_000 }, () => {
  it.each([
    { why: 'because the name is taken', refused: undefined, code: 'ALREADY_STORED' },
    { why: 'for a reason of its own', refused: /tar/, code: 'STORAGE_DENIED' },
  ])('$why: the first one’s backup is left alone, though the second may remove', async ({ refused, code }) => {
    const found = await scene();
    await backUpMedia(found, 'of the first');
    const stored = await found.bucket.keys();
    expect(stored).toHaveLength(2);
    if (refused) found.refuse(refused);
    await expect(backUpMedia(found, 'of the second')).rejects.toMatchObject({ code });
    expect(await found.bucket.keys()).toEqual(stored);
  });
});

it('parts that arrived unheard are taken back by their mark, and none of another run of the same name', async () => {
  const folder = await temporaryFolder();
  const run = await wire({
    environment: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', BACKUP_DIR: folder, BACKUP_STORAGE: 'local' },
    ...{ signal: new AbortController().signal, log: silentLog, progress: silentProgress },
    now: () => new Date('2026-01-15T04:00:00Z'),
  });
  const [one, other] = await Promise.all([draftBackup(run, 'database', false), draftBackup(run, 'database', false)]);
  expect(one.base).toBe(other.base);
  const [storage] = run.storages;
  if (!storage) throw new Error('there is a folder');
  const write = async (key: string) => {
    await storage.write(key, Readable.from(['rows']));
    return { key, storage };
  };
  const keys = async () => {
    const found = [];
    for await (const { key } of storage.list('')) found.push(key);
    return found.sort();
  };
  const left = [];
  for (const key of [`${partKey(other, 'orders-16385', 1)}.zst`, `${other.base}/schema.dump.zst`])
    left.push((await write(key)).key);
  await write(`${partKey(one, 'orders-16385', 1)}.zst`);
  await write(`${partKey(one, 'orders-16385', 2)}-again-2.zst`);
  const arrived = [await write(`${one.base}/small.dump.zst`)];
  await discardDraft(run, one, arrived);
  expect(await keys()).toEqual(left.sort());
});
