import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { partBytesFor, upload } from '../../core/aws/upload.js';
import { objectRecords } from '../../core/media/bucket-names.js';
import { headOf, type MediaBucket, mediaError, smallObject, statusOf } from './bucket.js';
import { type TarEntry, tarEntries } from './tar-entries.js';

export interface PutBackOptions {
  /** Whether objects that have changed since the backup are replaced. */
  readonly replaceChanged: boolean;
  readonly nativeChecksums: boolean;
  readonly signal: AbortSignal;
}

/** What became of the objects of an archive. */
export interface PutBack {
  written: number;
  /** They were in the bucket as they were backed up. */
  same: number;
  /** They have changed since and were left alone. */
  readonly left: string[];
}

/** How many objects are put at once. */
const concurrency = 8;

/** How many files there are in a tar and how large they are together. Reads it to its end. */
export async function countTar(tar: Readable): Promise<{ files: number; bytes: number }> {
  const count = { files: 0, bytes: 0 };
  for await (const { type, bytes } of tarEntries(tar)) {
    if (type !== 'file' && type !== 'contiguous-file' && type !== 'link') continue;
    count.files += 1;
    if (type !== 'link') count.bytes += bytes;
  }
  return count;
}

/**
 * Puts the objects of an archive back under their keys. Those that are there as they were backed up are left as they
 * are; those that have changed since are named, and replaced only where that is asked for.
 */
export async function putBack(tar: Readable, bucket: MediaBucket, options: PutBackOptions): Promise<PutBack> {
  const result: PutBack = { written: 0, same: 0, left: [] };
  const running = new Set<Promise<void>>();
  let failure: unknown;
  for await (const entry of tarEntries(tar)) {
    if (entry.type !== 'file' && entry.type !== 'contiguous-file') continue;
    if (entry.bytes > smallObject) {
      await put(bucket, entry, options, result);
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of entry.body) chunks.push(chunk);
    const task: Promise<void> = put(bucket, entry, options, result, Buffer.concat(chunks))
      .catch((error) => {
        failure ??= error;
      })
      .then(() => {
        running.delete(task);
      });
    running.add(task);
    if (running.size >= concurrency) await Promise.race(running);
    if (failure) break;
  }
  await Promise.all(running);
  if (failure) throw failure;
  return result;
}

async function put(
  bucket: MediaBucket,
  entry: TarEntry,
  { replaceChanged, nativeChecksums, signal }: PutBackOptions,
  result: PutBack,
  whole?: Buffer,
): Promise<void> {
  signal.throwIfAborted();
  const { client, location } = bucket;
  const Key = location.key + keyOf(entry);
  const there = await headOf(bucket, Key);
  if (there && there.ETag === entry.pax[objectRecords.etag]) {
    result.same += 1;
    return;
  }
  if (there && !replaceChanged) {
    result.left.push(Key);
    return;
  }
  const object = { Bucket: location.bucket, Key, ...propertiesOf(entry) };
  try {
    if (whole) {
      const integrity = nativeChecksums
        ? { ChecksumAlgorithm: 'CRC32' as const }
        : { ContentMD5: createHash('md5').update(whole).digest('base64') };
      const once = there ? {} : { IfNoneMatch: '*' };
      await client.send(new PutObjectCommand({ ...object, ...integrity, ...once, Body: whole }), {
        abortSignal: signal,
      });
    } else {
      const partBytes = partBytesFor(entry.bytes);
      await upload(client, object, Readable.from(entry.body), {
        partBytes,
        nativeChecksums,
        replace: there !== undefined,
        signal,
      });
    }
    result.written += 1;
  } catch (error) {
    signal.throwIfAborted();
    // Somebody has put it there since it was asked for.
    if (statusOf(error) === 412 && !there) result.left.push(Key);
    else throw mediaError(error, `${JSON.stringify(Key)} cannot be put back`);
  }
}

function keyOf({ name, pax }: TarEntry): string {
  return (
    pax[objectRecords.key] ??
    Buffer.from(name, 'latin1')
      .toString('utf8')
      .replace(/^(?:\.?\/)+/, '')
  );
}

type Properties = Pick<
  PutObjectCommandInput,
  'ContentType' | 'CacheControl' | 'ContentDisposition' | 'ContentEncoding' | 'ContentLanguage' | 'Metadata'
>;

function propertiesOf({ pax }: TarEntry): Properties {
  const json = pax[objectRecords.properties];
  return json === undefined ? {} : (JSON.parse(json) as Properties);
}
