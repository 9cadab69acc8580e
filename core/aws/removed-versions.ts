import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { RemovedObject } from '../storage.js';

/**
 * The objects of a versioned bucket that a delete marker hides, below a prefix. A bucket without versions has none.
 * Needs s3:ListBucketVersions.
 *
 * @param root is left out of the keys
 */
export async function* removedVersions(
  client: S3Client,
  bucket: string,
  root: string,
  prefix: string,
): AsyncIterable<RemovedObject> {
  const markers = new Map<string, { readonly removedAt: Date; readonly handle: string }>();
  const versions = new Map<string, { readonly bytes: number; readonly modified: Date }>();
  let position: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (position) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `${root}${prefix}`, ...position }),
    );
    for (const { Key = '', VersionId, IsLatest, LastModified } of page.DeleteMarkers ?? []) {
      if (IsLatest && VersionId && LastModified) markers.set(Key, { removedAt: LastModified, handle: VersionId });
    }
    for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Versions ?? []) {
      const known = versions.get(Key);
      if (!known || known.modified < LastModified) versions.set(Key, { bytes: Size, modified: LastModified });
    }
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    position =
      IsTruncated && NextKeyMarker
        ? { KeyMarker: NextKeyMarker, ...(NextVersionIdMarker ? { VersionIdMarker: NextVersionIdMarker } : {}) }
        : undefined;
  }
  for (const [key, marker] of markers) {
    const version = versions.get(key);
    if (version) yield { key: key.slice(root.length), ...version, ...marker };
  }
}

/** Takes the delete marker away, so that the object is there again. Needs s3:DeleteObjectVersion. */
export async function removeMarker(
  client: S3Client,
  bucket: string,
  root: string,
  { key, handle }: RemovedObject,
): Promise<void> {
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${root}${key}`, VersionId: handle }));
}
