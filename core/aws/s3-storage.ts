import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isTriedOnce } from '../archive-name.js';
import { type Log, silentLog } from '../log.js';
import type { ReadOptions, RemovalFailure, RemovedObject, Storage, StoredObject, WriteOptions } from '../storage.js';
import { removedVersions, removeMarker } from './removed-versions.js';
import { resumableRead } from './resumable-read.js';
import { s3Error } from './s3-errors.js';
import { type ObjectProperties, partBytesFor, upload } from './upload.js';

export interface S3StorageOptions {
  readonly client: S3Client;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  /** Properties of what is written. */
  readonly properties?: Pick<ObjectProperties, 'ServerSideEncryption' | 'SSEKMSKeyId' | 'StorageClass'>;
  readonly nativeChecksums?: boolean;
  readonly log?: Log;
}

/** Backups in a bucket, below a prefix. Needs s3:PutObject and s3:AbortMultipartUpload to write, s3:ListBucket and s3:GetObject to read, s3:DeleteObject to remove. */
export class S3Storage implements Storage {
  readonly type = 's3';
  readonly name: string;

  constructor(private readonly options: S3StorageOptions) {
    this.name = `s3://${options.bucket}/${options.prefix}`;
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    const { client, bucket, prefix: root } = this.options;
    let ContinuationToken: string | undefined;
    do {
      let page: ListObjectsV2CommandOutput;
      try {
        // Keys may hold characters that XML cannot carry: asked for URL-encoded.
        const query = { Bucket: bucket, Prefix: `${root}${prefix}`, EncodingType: 'url' as const };
        page = await client.send(
          new ListObjectsV2Command({ ...query, ...(ContinuationToken ? { ContinuationToken } : {}) }),
        );
      } catch (error) {
        throw s3Error(error, `${this.name} not listed`);
      }
      for (const { Key = '', Size = 0, LastModified = new Date(0), StorageClass } of page.Contents ?? []) {
        const key = (page.EncodingType === 'url' ? decodeKey(Key) : Key).slice(root.length);
        yield { key, bytes: Size, modified: LastModified, ...(StorageClass ? { storageClass: StorageClass } : {}) };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
  }

  async write(key: string, source: Readable, { expectedBytes = 0, signal }: WriteOptions = {}): Promise<void> {
    const { client, bucket, prefix, properties = {}, nativeChecksums = true, log = silentLog } = this.options;
    const isRecord = key.endsWith('.json'); // manifests and drills' records are read often
    const { StorageClass, ...rest } = properties;
    const object = {
      ...{ Bucket: bucket, Key: `${prefix}${key}`, ...rest },
      ...(isRecord ? { ContentType: 'application/json' } : StorageClass ? { StorageClass } : {}),
    };
    // A source that brings nothing just now would otherwise be waited for.
    const interrupt = () => source.destroy(signal?.reason);
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      signal?.throwIfAborted();
      await upload(client, object, source, {
        partBytes: partBytesFor(expectedBytes),
        nativeChecksums,
        alwaysInParts: isTriedOnce(key),
        onRecognised: () => log.info(`${this.name}${key} is stored: S3 had done it, and only its answer was lost`),
        signal,
      });
    } catch (error) {
      source.destroy();
      signal?.throwIfAborted();
      if (source.errored && error === source.errored) throw error;
      throw s3Error(error, `${this.name}${key} not written`);
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
  }

  async read(key: string, { firstBytes, signal }: ReadOptions = {}): Promise<Readable> {
    const { client, bucket, prefix } = this.options;
    const what = `${this.name}${key} not read`;
    const bytes = resumableRead(client, { Bucket: bucket, Key: `${prefix}${key}` }, { firstBytes, signal });
    return Readable.from(withError(bytes, what, signal), { objectMode: false, highWaterMark: 1024 * 1024 });
  }

  async remove(keys: readonly string[]): Promise<RemovalFailure[]> {
    const { client, bucket, prefix } = this.options;
    const failures: RemovalFailure[] = [];
    for (let from = 0; from < keys.length; from += 1000) {
      const batch = keys.slice(from, from + 1000);
      try {
        const Objects = batch.map((key) => ({ Key: `${prefix}${key}` }));
        // A 200 may still hold errors, one for each key that was not removed.
        const { Errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
        );
        for (const { Key = '', Code, Message } of Errors) {
          if (Code !== 'NoSuchKey') failures.push({ key: Key.slice(prefix.length), reason: `${Code}: ${Message}` });
        }
      } catch (error) {
        const reason = s3Error(error, 'not removed').message;
        failures.push(...batch.map((key) => ({ key, reason })));
      }
    }
    return failures;
  }

  /** In a versioned bucket the lifecycle alone erases. */
  erase(keys: readonly string[]): Promise<RemovalFailure[]> {
    return this.remove(keys);
  }

  async *listRemoved(prefix: string): AsyncIterable<RemovedObject> {
    const { client, bucket, prefix: root } = this.options;
    try {
      yield* removedVersions(client, bucket, root, prefix);
    } catch (error) {
      throw s3Error(error, `${this.name}: removed objects not listed`);
    }
  }

  async bringBack(object: RemovedObject): Promise<void> {
    const { client, bucket, prefix } = this.options;
    try {
      await removeMarker(client, bucket, prefix, object);
    } catch (error) {
      throw s3Error(error, `${this.name}${object.key} not brought back`);
    }
  }

  /** The bucket's lifecycle does it. */
  async clearRemoved(): Promise<string[]> {
    return [];
  }

  async clearAbandoned(prefix: string, olderThan: Date): Promise<string[]> {
    const { client, bucket, prefix: root } = this.options;
    const cleared: string[] = [];
    let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    while (marker) {
      let page: ListMultipartUploadsCommandOutput;
      try {
        page = await client.send(
          new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: `${root}${prefix}`, ...marker }),
        );
        for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
          if (!Initiated || Initiated >= olderThan || !Key.startsWith(`${root}${prefix}`)) continue;
          await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
          cleared.push(Key.slice(root.length));
        }
      } catch (error) {
        throw s3Error(error, `${this.name}: abandoned uploads not cleared`);
      }
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
      marker =
        IsTruncated && NextKeyMarker
          ? { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker ? { UploadIdMarker: NextUploadIdMarker } : {}) }
          : undefined;
    }
    return cleared;
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }
}

/** With `encoding-type=url` S3 writes a space as a plus sign. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

async function* withError(
  bytes: AsyncIterable<Buffer>,
  what: string,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    signal?.throwIfAborted();
    throw s3Error(error, what);
  }
}
