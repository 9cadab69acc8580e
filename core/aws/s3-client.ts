import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export interface S3ClientOptions {
  readonly region: string;
  /** An S3-compatible server instead of AWS. */
  readonly endpoint?: string | undefined;
  /** Milliseconds that a connection may be silent before the request is tried again. */
  readonly idleTimeout?: number;
  /** How often a request is tried in all. */
  readonly attempts?: number;
}

/**
 * A client that gives up on silent connections and tries again. Credentials come from the SDK's own chain: environment,
 * container, instance.
 */
export function s3Client({ region, endpoint, idleTimeout = 30_000, attempts = 6 }: S3ClientOptions): S3Client {
  return new S3Client({
    region,
    maxAttempts: attempts,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 10_000, socketTimeout: idleTimeout }),
    // Compatible servers may refuse the SDK's own checksums; they get Content-MD5 from us.
    ...(endpoint
      ? {
          endpoint,
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }
      : {}),
  });
}
