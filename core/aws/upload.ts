import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  CompleteMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isOurOwn } from './own-object.js';
import { abortedBy, integrityOf, UploadParts } from './upload-parts.js';

export type ObjectProperties = Pick<
  PutObjectCommandInput,
  | 'StorageClass'
  | 'ServerSideEncryption'
  | 'SSEKMSKeyId'
  | 'ContentType'
  | 'CacheControl'
  | 'ContentDisposition'
  | 'ContentEncoding'
  | 'ContentLanguage'
  | 'Metadata'
> & { readonly Bucket: string; readonly Key: string };

export interface UploadOptions {
  readonly partBytes: number;
  /** AWS's own checksums (CRC-32 over the whole object); else Content-MD5 with each request, as any S3 server checks it. */
  readonly nativeChecksums: boolean;
  /** Replaces an object of that key; without it, one that exists is an error. */
  readonly replace?: boolean;
  /** Also a small object goes as an upload of one part: two requests more, and its id proves whose the object is. */
  readonly alwaysInParts?: boolean;
  /** Told when the object was there after a lost answer and turned out to be our own. */
  readonly onRecognised?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** S3's limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const maximumParts = 10_000;
const mebibyte = 1024 * 1024;

/** The size of parts for an object of about so many bytes: never near S3's 10,000 parts, and small for small objects. */
export function partBytesFor(expectedBytes: number): number {
  const needed = Math.ceil((expectedBytes * 1.25) / (maximumParts - 1_000) / mebibyte) * mebibyte;
  return Math.max(8 * mebibyte, needed);
}

/**
 * Stores a stream as one object that did not exist before: in parts, several at once, completed only when the stream has
 * ended well. A stream that is destroyed, or a part that fails for good, ends the upload at once and leaves nothing.
 *
 * The SDK's own `Upload` was not taken, because it goes on reading the stream to its end after a part has failed, and
 * cannot give S3 a checksum of the whole object to compare with.
 */
export async function upload(
  client: S3Client,
  object: ObjectProperties,
  source: AsyncIterable<Buffer>,
  { partBytes, nativeChecksums, replace = false, alwaysInParts = false, onRecognised, signal }: UploadOptions,
): Promise<void> {
  const mark = ['respaldo-upload', randomUUID()] as const;
  const own = { ...object, Metadata: { ...object.Metadata, [mark[0]]: mark[1] } };
  const { Bucket, Key } = object;
  const once = replace ? {} : { IfNoneMatch: '*' };
  const parts = new UploadParts(client, own, { nativeChecksums, signal });

  /** Does the request that makes the object be there. */
  const create = async (send: () => Promise<unknown>): Promise<void> => {
    try {
      await send();
    } catch (error) {
      if (!(await isOurOwn(client, { Bucket, Key, mark, UploadId: parts.id }, error))) throw error;
      onRecognised?.();
    }
  };

  try {
    let checksum = 0;
    let only: Buffer | undefined;
    for await (const part of inParts(source, partBytes)) {
      if (nativeChecksums) checksum = crc32(part, checksum);
      parts.assertWell();
      if (parts.id === undefined && !only) {
        only = part;
        continue;
      }
      if (only) await parts.send(only);
      only = undefined;
      await parts.send(part);
    }
    if (only && !alwaysInParts) {
      const whole = new PutObjectCommand({ ...own, Body: only, ...once, ...integrityOf(only, nativeChecksums) });
      await create(() => client.send(whole, abortedBy(signal)));
      return;
    }
    if (only) await parts.send(only);
    const complete = new CompleteMultipartUploadCommand({
      ...{ Bucket, Key, UploadId: parts.id, MultipartUpload: { Parts: await parts.arrived() }, ...once },
      ...(nativeChecksums ? { ChecksumType: 'FULL_OBJECT', ChecksumCRC32: base64(checksum) } : {}),
    });
    await create(() => client.send(complete, abortedBy(signal)));
  } catch (error) {
    await parts.abort();
    throw error;
  }
}

/** Cuts a stream into buffers of exactly so many bytes; the last one is what remains, and may be empty only if it is the first. */
async function* inParts(source: AsyncIterable<Buffer>, partBytes: number): AsyncIterable<Buffer> {
  let part = Buffer.allocUnsafeSlow(partBytes);
  let filled = 0;
  let whole = 0;
  for await (const chunk of source) {
    for (let taken = 0; taken < chunk.length; ) {
      if (filled === partBytes) {
        yield part;
        whole += 1;
        part = Buffer.allocUnsafeSlow(partBytes);
        filled = 0;
      }
      const copied = chunk.copy(part, filled, taken);
      taken += copied;
      filled += copied;
    }
  }
  if (filled > 0 || whole === 0) yield part.subarray(0, filled);
}

function base64(checksum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksum >>> 0);
  return bytes.toString('base64');
}
