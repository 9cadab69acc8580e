import { type ErrorCode, messageOf, OperatorError } from '../errors.js';

interface SdkError extends Error {
  /** The system's, where the way to S3 failed. */
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

const denied =
  'Give the role or key the right to it, or correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_S3_BUCKET_NAME; "respaldo doctor" tries each permission.';

const busy = 'S3 was busy or down through every try. Nothing half-done counts: run again in some minutes.';
const silent =
  'The connection broke or fell silent. Run again; where the way is that slow, raise BACKUP_S3_TIMEOUT. "respaldo doctor" tries each step.';
const offline =
  'This machine reaches neither a network nor a name server just now. Mend that first (ip route, /etc/resolv.conf), then run again.';
const unknownHost =
  'The name cannot be resolved: is the network up? Otherwise correct AWS_ENDPOINT_URL (AWS_ENDPOINT_URL_S3 where that is set), AWS_S3_REGION_NAME or AWS_S3_BUCKET_NAME.';
const altered = 'The bytes that arrived are not the ones that were sent, so nothing was stored. Run again.';

const byName: Record<string, [ErrorCode, string]> = {
  AccessDenied: ['STORAGE_DENIED', denied],
  InvalidAccessKeyId: ['STORAGE_DENIED', denied],
  SignatureDoesNotMatch: ['STORAGE_DENIED', denied],
  ExpiredToken: ['STORAGE_DENIED', 'The session’s credentials have expired: get new ones and run again.'],
  CredentialsProviderError: [
    'STORAGE_DENIED',
    'No credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run under a role.',
  ],
  NoSuchBucket: ['STORAGE_FAILED', 'Create the bucket, or correct AWS_S3_BUCKET_NAME and AWS_S3_REGION_NAME.'],
  PermanentRedirect: ['STORAGE_FAILED', 'The bucket is in another region: correct AWS_S3_REGION_NAME.'],
  NoSuchKey: ['NO_SUCH_BACKUP', 'List what there is: respaldo list.'],
  InvalidObjectState: [
    'STORAGE_FAILED',
    'The object is in an archive class: restore it first (aws s3api restore-object), then run again.',
  ],
  PreconditionFailed: [
    'ALREADY_STORED',
    'Nothing is ever overwritten. Run again: the next backup gets a name of its own.',
  ],
  ConditionalRequestConflict: ['ALREADY_STORED', 'Another run writes the same name just now. Run again.'],
  ObjectChanged: [
    'STORAGE_FAILED',
    'Something else writes into this bucket, or the server answers from two copies. Find out what, then run again.',
  ],
  RequestTimeTooSkewed: ['STORAGE_FAILED', 'This machine’s clock is wrong. Set it: timedatectl set-ntp true.'],
  SlowDown: ['STORAGE_FAILED', busy],
  ServiceUnavailable: ['STORAGE_FAILED', busy],
  InternalError: ['STORAGE_FAILED', busy],
  TimeoutError: ['STORAGE_FAILED', silent],
  ENOTFOUND: ['STORAGE_FAILED', unknownHost],
  EAI_AGAIN: ['STORAGE_FAILED', offline],
  ENETUNREACH: ['STORAGE_FAILED', offline],
  EHOSTUNREACH: ['STORAGE_FAILED', offline],
  ECONNREFUSED: [
    'STORAGE_FAILED',
    'Nothing listens there: start the server, or correct AWS_ENDPOINT_URL (AWS_ENDPOINT_URL_S3 where that is set).',
  ],
  BadDigest: ['STORAGE_FAILED', altered],
  InvalidPart: ['STORAGE_FAILED', altered],
  QuotaExceeded: ['STORAGE_FULL', 'Raise the server’s quota or clean up: respaldo cleanup --dry-run.'],
  XMinioStorageFull: ['STORAGE_FULL', 'Free space on the S3 server or clean up: respaldo cleanup --dry-run.'],
};

const byStatus: Record<number, string> = {
  403: 'AccessDenied',
  404: 'NoSuchKey',
  409: 'ConditionalRequestConflict',
  412: 'PreconditionFailed',
};

/**
 * What S3 or the way to it did, as an error for people.
 *
 * @param what begins the message: `s3://bucket/key not written`
 */
export function s3Error(error: unknown, what: string): OperatorError {
  if (error instanceof OperatorError) return error;
  const { name = '', code: system = '', $metadata: metadata } = error as SdkError;
  const known = byName[system] ?? byName[name] ?? byName[byStatus[metadata?.httpStatusCode ?? 0] ?? ''];
  const [code, hint] =
    known ??
    ([
      'STORAGE_FAILED',
      'Check the network and the endpoint, then run again; "respaldo doctor" tries each step.',
    ] as const);
  const tries = (metadata?.attempts ?? 1) > 1 ? ` (tried ${metadata?.attempts} times)` : '';
  const status = metadata?.httpStatusCode ? `HTTP ${metadata.httpStatusCode} ` : '';
  return new OperatorError(
    code,
    `${what}: ${status}${name && name !== 'Error' ? `${name}: ` : ''}${messageOf(error)}${tries}`,
    hint,
    {
      cause: error,
    },
  );
}

/**
 * Whether an error may be the answer to a second try of what the first one had done already: the object is there, or the
 * upload that was completed is none any more.
 */
export function mayBeOurOwn(error: unknown): boolean {
  const { name, $metadata: metadata } = error as SdkError;
  const refused = statusOf(error) === 412 || name === 'NoSuchUpload';
  return refused && (metadata?.attempts ?? 1) > 1;
}

export function statusOf(error: unknown): number | undefined {
  return (error as SdkError).$metadata?.httpStatusCode;
}
