import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { s3Client } from '../../core/aws/s3-client.js';
import { S3Storage } from '../../core/aws/s3-storage.js';
import { silentLog } from '../../core/log.js';
import { s3Proxy } from './proxy.js';
import { s3Endpoint, testBucket } from './s3.js';

/** How long a bucket may say nothing, in milliseconds, where silence is the fault. */
export const silence = 5_000;
/** Three parts of an upload. */
export const content = randomBytes(20_000_000);

/**
 * A bucket behind a proxy that can be told to fail, and the storage in it.
 *
 * @param idleTimeout short only where silence is the fault: this machine may be slow itself
 */
export async function threePartsIn(idleTimeout = 30_000) {
  // The SDK reads credentials from the process' own environment.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  const bucket = await testBucket();
  const proxy = await s3Proxy(s3Endpoint() ?? '');
  const client = s3Client({ region: 'us-east-1', endpoint: proxy.endpoint, idleTimeout, attempts: 3 });
  const said: string[] = [];
  const log = { ...silentLog, info: (message: string) => said.push(message) };
  const storage = new S3Storage({ client, bucket: bucket.name, prefix: '', nativeChecksums: false, log });
  const write = () => storage.write('a', Readable.from([content]), { expectedBytes: content.length });
  const read = async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of await storage.read('a')) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };
  const unfinished = async () =>
    (await bucket.client.send(new ListMultipartUploadsCommand({ Bucket: bucket.name }))).Uploads?.length ?? 0;
  return { bucket, proxy, storage, write, read, unfinished, said };
}
