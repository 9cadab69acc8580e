import { s3Client } from '../core/aws/s3-client.js';
import { S3Storage } from '../core/aws/s3-storage.js';
import { type Deployment, readDeployment } from '../core/deployed/deployment.js';
import { OperatorError } from '../core/errors.js';
import type { Log, LogFields } from '../core/log.js';

/** What a Lambda works with. Made once for each cold start; a missing variable fails that, and names itself. */
export interface Wiring {
  readonly deployment: Deployment;
  /** The vault's backups. */
  readonly storage: S3Storage;
  readonly log: Log;
}

export function wire(environment: Readonly<Record<string, string | undefined>>): Wiring {
  const deployment = readDeployment(environment);
  return { deployment, storage: vault(deployment, environment, deployment.vault.prefix), log: lambdaLog };
}

/** The vault below a prefix. */
export function vault(
  { region, vault: { bucket } }: Deployment,
  environment: Readonly<Record<string, string | undefined>>,
  prefix: string,
): S3Storage {
  const client = s3Client({ region, endpoint: environment.AWS_ENDPOINT_URL });
  return new S3Storage({ client, bucket, prefix });
}

/** JSON lines, as Lambda's log takes them. */
const lambdaLog: Log = {
  info: (message, fields) => line('INFO', message, fields),
  warn: (message, fields) => line('WARN', message, fields),
  error: (error) =>
    error instanceof OperatorError
      ? line('ERROR', error.message, { code: error.code, hint: error.hint })
      : line('ERROR', error instanceof Error ? (error.stack ?? error.message) : String(error), {}),
};

function line(level: string, message: string, fields: LogFields = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields })}\n`);
}
