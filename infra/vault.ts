import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectLockRetention,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { recordPatterns } from '../core/archive-name.js';
import { incidentsPrefix } from '../core/deployed/incidents.js';
import type { Right } from './rights.js';
import type { EnvironmentSettings } from './settings/schema.js';

type VaultSettings = EnvironmentSettings['vault'];

/** Where in the bucket the backups are. */
export const vaultPrefix = 'backups/';

/** The bucket that holds every backup. It outlives the stack, and for the lock's days nobody can erase a new backup. */
export class Vault extends Construct {
  readonly bucket: Bucket;
  /** Undefined where S3 encrypts with keys of its own. */
  readonly key: IKey | undefined;
  private readonly formerKeys: readonly string[];

  constructor(scope: Construct, id: string, settings: VaultSettings) {
    super(scope, id);
    this.key = encryptionKey(this, settings.encryption);
    this.formerKeys = settings.formerKeys;
    this.bucket = new Bucket(this, 'Bucket', {
      ...privateForever,
      ...(this.key
        ? { encryption: BucketEncryption.KMS, encryptionKey: this.key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      ...lockOf(settings),
      lifecycleRules: lifecycleOf(settings),
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'CloudTrail data events record access where an account wants that; a log bucket would only be one more to guard.',
    });
    Validations.of(this.bucket).acknowledge({
      id: 'CloudFormation-Validate::W9003',
      reason: 'CDK writes the size from which objects change their class as a number; CloudFormation takes it.',
    });
  }

  /**
   * To create objects below a folder, and never to replace one: S3 itself refuses a write without `If-None-Match`.
   * Beginning a multipart upload and sending its parts carry no such header and create nothing yet.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
   */
  mayCreate(folder: string): Right[] {
    const objects = this.below(folder);
    return [
      { actions: ['s3:PutObject'], ...objects, conditions: { Null: { 's3:if-none-match': 'false' } } },
      { actions: ['s3:PutObject'], ...objects, conditions: { Bool: { 's3:ObjectCreationOperation': 'false' } } },
      { actions: ['s3:AbortMultipartUpload'], ...objects },
      ...this.mayUseKey('kms:GenerateDataKey', 'kms:Decrypt'),
    ];
  }

  /** To create what drills write about backups below a folder, and nothing else. */
  mayRecord(folder: string): Right[] {
    const records = recordPatterns.map((suffix) => ({
      actions: ['s3:PutObject'],
      ...this.below(folder, suffix),
      conditions: { Null: { 's3:if-none-match': 'false' } },
    }));
    return [...records, ...this.mayUseKey('kms:GenerateDataKey')];
  }

  mayRead(folder: string, suffix = ''): Right[] {
    const keys = [...(this.key ? [this.key.keyArn] : []), ...this.formerKeys];
    return [
      { actions: ['s3:GetObject'], ...this.below(folder, suffix) },
      ...(keys.length === 0 ? [] : [{ actions: ['kms:Decrypt'], resources: keys }]),
    ];
  }

  /** To list names and sizes below a folder, and nothing else of the bucket. */
  mayList(folder: string): Right[] {
    return [
      {
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': [`${folder}*`] } },
      },
    ];
  }

  /** To hide objects behind delete markers and to clear interrupted uploads; the versions themselves stay out of reach. */
  mayRemove(folder: string): Right[] {
    return [
      { actions: ['s3:DeleteObject', 's3:AbortMultipartUpload'], ...this.below(folder) },
      { actions: ['s3:ListBucketMultipartUploads'], resources: [this.bucket.bucketArn] },
    ];
  }

  private below(folder: string, suffix = '') {
    return {
      resources: [this.bucket.arnForObjects(`${folder}*${suffix}`)],
      wildcard: `The names of backups are made as they are taken; what they begin with is fixed: ${folder}`,
    };
  }

  private mayUseKey(...actions: string[]): Right[] {
    return this.key ? [{ actions, resources: [this.key.keyArn] }] : [];
  }
}

/** What every bucket with backups in it has. */
export const privateForever = {
  versioned: true,
  objectLockEnabled: true,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  // Kept, but for a deployment that fails as it makes the bucket: that one is empty, and its name would stay taken.
  removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
} as const;

function encryptionKey(scope: Construct, encryption: string): IKey | undefined {
  if (encryption === 's3') return undefined;
  if (encryption !== 'kms') return Key.fromKeyArn(scope, 'Key', encryption);
  return new Key(scope, 'Key', {
    description: 'Encrypts the backups in the vault',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

/** The bucket's property for the lock of each new backup; none where `lockDays` is 0. */
export function lockOf({ lockDays, lockMode }: VaultSettings) {
  if (lockDays === 0) return {};
  const duration = Duration.days(lockDays);
  return {
    objectLockDefaultRetention:
      lockMode === 'COMPLIANCE' ? ObjectLockRetention.compliance(duration) : ObjectLockRetention.governance(duration),
  };
}

const storageClasses = {
  STANDARD_IA: StorageClass.INFREQUENT_ACCESS,
  INTELLIGENT_TIERING: StorageClass.INTELLIGENT_TIERING,
  GLACIER_IR: StorageClass.GLACIER_INSTANT_RETRIEVAL,
};

/** Nothing here removes a current version: which backups go is decided by cleanup alone, which keeps the newest good one. */
function lifecycleOf({ transitions, oldVersionsDays }: VaultSettings): LifecycleRule[] {
  return [
    {
      id: 'clear-interrupted-uploads-and-removed-backups',
      abortIncompleteMultipartUploadAfter: Duration.days(7),
      noncurrentVersionExpiration: Duration.days(oldVersionsDays),
    },
    { id: 'forget-removed-names', expiredObjectDeleteMarker: true },
    { id: 'forget-old-incidents', prefix: incidentsPrefix, expiration: Duration.days(400) },
    ...(transitions.length === 0
      ? []
      : [
          {
            id: 'cheaper-with-age',
            prefix: vaultPrefix,
            // Cheaper classes bill 128 KiB at least: manifests are smaller and stay.
            objectSizeGreaterThan: 128 * 1024,
            transitions: transitions.map(({ to, afterDays }) => ({
              storageClass: storageClasses[to],
              transitionAfter: Duration.days(afterDays),
            })),
          },
        ]),
  ];
}
