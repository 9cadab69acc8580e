import { Duration, RemovalPolicy, Stack, Tags, Validations } from 'aws-cdk-lib';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { stackName } from '../core/deployed/deployment.js';
import { replicaBucketName, replicaKeyAlias } from './replication.js';
import type { EnvironmentSettings } from './settings/schema.js';
import { lockOf, privateForever } from './vault.js';

export interface ReplicaStackProps {
  readonly environment: string;
  readonly settings: EnvironmentSettings;
  readonly region: string;
}

/** The copy of the vault in another region. S3 itself writes it; nothing of ours has a right to it. */
export class ReplicaStack extends Stack {
  constructor(scope: Construct, { environment, settings, region }: ReplicaStackProps) {
    super(scope, `${stackName(environment)}-replica`, {
      description: `Copies of the backups of ${environment}, in another region`,
      env: { region, ...(settings.account ? { account: settings.account } : {}) },
    });
    Tags.of(this).add('respaldo', environment);
    const { vault } = settings;
    const key =
      vault.encryption === 's3'
        ? undefined
        : new Key(this, 'Key', {
            description: 'Encrypts the copies of the backups',
            enableKeyRotation: true,
            removalPolicy: RemovalPolicy.RETAIN,
          });
    if (key) new Alias(this, 'Alias', { aliasName: replicaKeyAlias(environment), targetKey: key });
    const bucket = new Bucket(this, 'Bucket', {
      ...privateForever,
      bucketName: replicaBucketName(this, environment, region),
      ...(key
        ? { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }
        : { encryption: BucketEncryption.S3_MANAGED }),
      ...lockOf(vault),
      lifecycleRules: [
        { id: 'clear-removed-backups', noncurrentVersionExpiration: Duration.days(vault.oldVersionsDays) },
        { id: 'forget-removed-names', expiredObjectDeleteMarker: true },
      ],
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'CloudTrail data events record access where an account wants that.',
    });
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S13',
      reason: 'This bucket is the replica.',
    });
  }
}
