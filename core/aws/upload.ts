import { createHash, randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { isOurOwn } from './own-object.js';

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

/** Parts that are on their way at once. With the one being filled, memory is one more than this times the part's size. */
const concurrency = 3;

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
  const once = replace ? {} : { IfNoneMatch: '*' };
  const abort = signal ? { abortSignal: signal } : {};
  let checksum = 0;
  let uploadId: string | undefined;
  const parts: Promise<CompletedPart>[] = [];
  const inFlight = new Set<Promise<unknown>>();
  let failure: unknown;

  const create = async (send: () => Promise<unknown>): Promise<void> => {
    try {
      await send();
    } catch (error) {
      const { Bucket, Key } = object;
      if (!(await isOurOwn(client, { Bucket, Key, mark, UploadId: uploadId }, error))) throw error;
      onRecognised?.();
    }
  };

  const integrity = (body: Buffer) =>
    nativeChecksums
      ? { ChecksumAlgorithm: 'CRC32' as const }
      : { ContentMD5: createHash('md5').update(body).digest('base64') };

  const sendPart = async (body: Buffer): Promise<void> => {
    uploadId ??= (
      await client.send(
        new CreateMultipartUploadCommand({
          ...own,
          ...(nativeChecksums ? { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } : {}),
        }),
        abort,
      )
    ).UploadId;
    const PartNumber = parts.length + 1;
    const { Bucket, Key } = object;
    const part = client
      .send(
        new UploadPartCommand({ Bucket, Key, UploadId: uploadId, PartNumber, Body: body, ...integrity(body) }),
        abort,
      )
      .then(({ ETag, ChecksumCRC32 }) => ({ PartNumber, ETag, ...(ChecksumCRC32 ? { ChecksumCRC32 } : {}) }));
    parts.push(part);
    const settled: Promise<unknown> = part.then(
      () => inFlight.delete(settled),
      (error) => {
        failure ??= error;
        inFlight.delete(settled);
      },
    );
    inFlight.add(settled);
    while (inFlight.size >= concurrency) await Promise.race(inFlight);
    if (failure) throw failure;
  };

  try {
    let first: Buffer | undefined;
    for await (const part of inParts(source, partBytes)) {
      if (nativeChecksums) checksum = crc32(part, checksum);
      if (failure) throw failure;
      if (parts.length === 0 && !first) {
        first = part; // it may be the only one
        continue;
      }
      if (first) await sendPart(first);
      first = undefined;
      await sendPart(part);
    }
    if (first && !alwaysInParts) {
      const Body = first;
      await create(() => client.send(new PutObjectCommand({ ...own, Body, ...once, ...integrity(Body) }), abort));
      return;
    }
    if (first) await sendPart(first);
    const MultipartUpload = { Parts: await Promise.all(parts) };
    const { Bucket, Key } = object;
    await create(() =>
      client.send(
        new CompleteMultipartUploadCommand({
          ...{ Bucket, Key, UploadId: uploadId, MultipartUpload, ...once },
          ...(nativeChecksums ? { ChecksumType: 'FULL_OBJECT', ChecksumCRC32: base64(checksum) } : {}),
        }),
        abort,
      ),
    );
  } catch (error) {
    await Promise.all(inFlight);
    const { Bucket, Key } = object;
    if (uploadId)
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: uploadId })).catch(() => {}); // the bucket's lifecycle and cleanup clear what stays
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
