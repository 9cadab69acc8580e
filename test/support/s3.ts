import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';

/** Moto's address; null where it is not installed: `describe.skipIf(s3Endpoint() === null)`. */
export function s3Endpoint(): string | null {
  return inject('s3Endpoint');
}

export interface TestBucket {
  readonly name: string;
  readonly client: S3Client;
  /** The settings that lead the program here. */
  readonly env: Readonly<Record<string, string>>;
  keys(prefix?: string): Promise<string[]>;
  put(key: string, body: string | Buffer): Promise<void>;
}

/** A bucket of the test's own, in the moto server that all share; it goes with that server. */
export async function testBucket(endpoint = s3Endpoint()): Promise<TestBucket> {
  if (endpoint === null) throw new Error('no moto server');
  const name = `t-${randomBytes(8).toString('hex')}`;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await client.send(new CreateBucketCommand({ Bucket: name }));
  return {
    name,
    client,
    env: {
      AWS_S3_BUCKET_NAME: name,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_S3_REGION_NAME: 'us-east-1',
    },
    keys: async (prefix = '') => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name, Prefix: prefix }));
      return Contents.map(({ Key = '' }) => Key);
    },
    put: async (key, body) => {
      await client.send(new PutObjectCommand({ Bucket: name, Key: key, Body: body }));
    },
  };
}
