import { resolve } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { type Log, silentLog } from '../core/log.js';
import { parseS3Url } from '../core/s3-url.js';
import type { Settings } from '../core/settings.js';
import type { Storage } from '../core/storage.js';
import type { OpenBucket } from './find-archive.js';
import type { MediaBucket } from './media/bucket.js';
import { LocalStorage } from './storage/local-storage.js';

/** The local directory, unless backups go to S3 alone; and the bucket, where one is set. */
export async function configuredStorages(settings: Settings, log: Log): Promise<Storage[]> {
  const bucket = settings.AWS_S3_BUCKET_NAME;
  return [
    ...(settings.BACKUP_STORAGE === 's3'
      ? []
      : [new LocalStorage(resolve(settings.BACKUP_DIR), settings.BACKUP_UNDO_DAYS)]),
    ...(bucket ? [await openBucketBy(settings, log)({ bucket, key: settings.BACKUP_S3_PREFIX })] : []),
  ];
}

/** Opens a storage by its name. */
export async function openStorage(name: string, settings: Settings): Promise<Storage> {
  return name.startsWith('s3://') ? openBucketBy(settings)(parseS3Url(name)) : new LocalStorage(name);
}

/** Opens buckets with the credentials, endpoint and properties of the settings. */
export function openBucketBy(settings: Settings, log: Log = silentLog): OpenBucket {
  return async ({ bucket, key }) => {
    const { S3Storage } = await import('../core/aws/s3-storage.js');
    const sse = settings.BACKUP_S3_SSE;
    return new S3Storage({
      client: await clientBy(settings),
      bucket,
      prefix: key,
      nativeChecksums: usesAws(settings),
      log,
      properties: {
        ...(sse === 'none' ? {} : { ServerSideEncryption: sse }),
        ...(settings.BACKUP_S3_KMS_KEY_ID ? { SSEKMSKeyId: settings.BACKUP_S3_KMS_KEY_ID } : {}),
        ...(settings.BACKUP_S3_STORAGE_CLASS ? { StorageClass: settings.BACKUP_S3_STORAGE_CLASS } : {}),
      },
    });
  };
}

/** Opens the bucket that media files are in. */
export async function openMediaBucket(url: string, settings: Settings): Promise<MediaBucket> {
  const { bucket, key } = parseS3Url(url);
  return {
    client: await clientBy(settings),
    location: { bucket, key: key === '' || key.endsWith('/') ? key : `${key}/` },
  };
}

/** Whether S3 is AWS's own: other servers may not know all of its checksums. */
export function usesAws(settings: Settings): boolean {
  return (settings.AWS_ENDPOINT_URL_S3 ?? settings.AWS_ENDPOINT_URL) === undefined;
}

async function clientBy(settings: Settings): Promise<S3Client> {
  const { s3Client } = await import('../core/aws/s3-client.js');
  const endpoint = settings.AWS_ENDPOINT_URL_S3 ?? settings.AWS_ENDPOINT_URL;
  return s3Client({
    region: settings.AWS_S3_REGION_NAME ?? settings.AWS_REGION ?? 'us-east-1',
    endpoint,
    idleTimeout: settings.BACKUP_S3_TIMEOUT * 1000,
    attempts: settings.BACKUP_S3_TRIES,
  });
}
