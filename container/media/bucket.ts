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
      const key = decoded(Key, page.EncodingType);
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
    if (await isMissing({ client, location }, key, error)) return undefined;
    throw mediaError(error, `${JSON.stringify(key)} cannot be read`);
  }
}

/**
 * Whether an object is not there, by what S3 answered to a request for it. To whom may list only below a prefix, as the
 * deployed roles may, it says 403 of what is missing as of what is forbidden; the listing tells the two apart.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export async function isMissing({ client, location }: MediaBucket, key: string, error: unknown): Promise<boolean> {
  if (statusOf(error) !== 403) return statusOf(error) === 404;
  const query = { Bucket: location.bucket, Prefix: key, MaxKeys: 1, EncodingType: 'url' as const };
  try {
    // The key itself is the first of all that begin with it.
    const { Contents: [first] = [], EncodingType } = await client.send(new ListObjectsV2Command(query));
    return first?.Key === undefined || decoded(first.Key, EncodingType) !== key;
  } catch {
    return false; // then the first answer is what there is to tell
  }
}

function decoded(key: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
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
