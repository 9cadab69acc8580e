import { AbortMultipartUploadCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { mayBeOurOwn, statusOf } from './s3-errors.js';

/** An object that is being created, with what tells it from everybody else's of the same key. */
export interface Creation {
  readonly Bucket: string;
  readonly Key: string;
  /** A metadata entry that no other object has. */
  readonly mark: readonly [name: string, value: string];
  /** Of the multipart upload that creates it; a single PutObject has none. */
  readonly UploadId: string | undefined;
}

/**
 * Whether a refusal to create an object is about the very object: an earlier try of the same request was carried out and
 * its answer lost. S3 then finds that the key is taken (412), or that the upload is none any more (404).
 *
 * Who may read looks at the object. A backup's role may not: there the upload itself is asked for. Its id is known to
 * nobody else and it ends in one of two ways, completed or broken off, and only what is older than two days is broken off by
 * others (cleanup, the bucket's lifecycle). So one that is gone was completed, by us. One that is still there was not, and
 * the key is somebody else's. A PutObject that cannot be read proves nothing, and a refusal of the first try is never ours.
 */
export async function isOurOwn(client: S3Client, creation: Creation, refusal: unknown): Promise<boolean> {
  if (!mayBeOurOwn(refusal)) return false;
  const { Bucket, Key, mark, UploadId } = creation;
  try {
    const { Metadata = {} } = await client.send(new HeadObjectCommand({ Bucket, Key }));
    return Metadata[mark[0]] === mark[1];
  } catch (error) {
    if (statusOf(error) !== 403 || !UploadId) return false;
  }
  return isGone(refusal) || (await isUploadGone(client, { Bucket, Key, UploadId }));
}

/** Breaking it off tells: reading its parts would take a right that backups have no other use for. */
async function isUploadGone(
  client: S3Client,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
): Promise<boolean> {
  try {
    await client.send(new AbortMultipartUploadCommand(upload));
    return false;
  } catch (error) {
    return isGone(error);
  }
}

function isGone(error: unknown): boolean {
  return (error as Error).name === 'NoSuchUpload';
}
