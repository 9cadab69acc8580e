import {
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { s3Error } from '../../core/aws/s3-errors.js';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { S3Location } from '../../core/s3-url.js';

/** Media files in a bucket, below a prefix. */
export interface MediaBucket {
  readonly client: S3Client;
  readonly location: S3Location;
}

/** Objects up to this size are held in memory whole, several at a time; larger ones stream. */
export const smallObject = 8 * 1024 * 1024;

export interface ListedMedia {
  /** In full. */
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  readonly modified: Date;
}

/** All objects below the prefix, in S3's order. */
export async function* listMedia({ client, location }: MediaBucket): AsyncIterable<ListedMedia> {
  let token: string | undefined;
  do {
    // Keys may hold characters that XML cannot carry: asked for URL-encoded.
    const query = { Bucket: location.bucket, Prefix: location.key, EncodingType: 'url' as const };
    const page = await client
      .send(new ListObjectsV2Command({ ...query, ...(token ? { ContinuationToken: token } : {}) }))
      .catch((error) => {
        throw mediaError(error, `s3://${location.bucket}/${location.key} cannot be listed`);
      });
    for (const { Key = '', Size = 0, ETag = '', LastModified = new Date(0) } of page.Contents ?? []) {
      const key = page.EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
      yield { key, bytes: Size, etag: ETag, modified: LastModified };
    }
    token = page.NextContinuationToken;
  } while (token);
}

/** What S3 says of an object; undefined where there is none. */
export async function headOf(
  { client, location }: MediaBucket,
  key: string,
): Promise<HeadObjectCommandOutput | undefined> {
  try {
    return await client.send(new HeadObjectCommand({ Bucket: location.bucket, Key: key }));
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw mediaError(error, `${JSON.stringify(key)} cannot be read`);
  }
}

export function statusOf(error: unknown): number {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
}

/** What S3 did while it was a source or a target of media files, as an error for people. */
export function mediaError(error: unknown, what: string): OperatorError {
  if (error instanceof OperatorError) return error;
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : '';
  if (name === 'NoSuchBucket') {
    return new OperatorError('MEDIA_MISSING', `${what}: there is no such bucket`, 'Correct MEDIA_ROOT.', {
      cause: error,
    });
  }
  if (status === 403) {
    return new OperatorError(
      'MEDIA_UNREADABLE',
      `${what}: HTTP 403 ${name}: ${messageOf(error)}`,
      'Give the role or key the right to it: s3:ListBucket and s3:GetObject, and for restores s3:PutObject.',
      { cause: error },
    );
  }
  const { code, message, hint } = s3Error(error, what);
  return new OperatorError(code === 'STORAGE_DENIED' ? 'MEDIA_UNREADABLE' : 'SOURCE_FAILED', message, hint, {
    cause: error,
  });
}
