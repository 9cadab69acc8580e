import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { allow, type Right } from './rights.js';
import { type Vault, vaultPrefix } from './vault.js';

const ruleId = 'backups';

export interface ReplicationProps {
  readonly environment: string;
  readonly vault: Vault;
  /** Of the copy. */
  readonly region: string;
}

/** Has S3 copy every backup to the replica's bucket, and counts what it could not copy. */
export class Replication extends Construct {
  readonly failures: Metric;

  constructor(scope: Construct, id: string, { environment, vault, region }: ReplicationProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const destination = replicaBucketName(this, environment, region);
    const destinationArn = `arn:${stack.partition}:s3:::${destination}`;
    const keyAlias = `arn:${stack.partition}:kms:${region}:${stack.account}:${replicaKeyAlias(environment)}`;
    const role = new Role(this, 'Role', {
      description: 'S3 copies backups to the other region with it',
      // Without a condition: AWS documents none that S3 would meet here, and nobody of another account can hand the role over.
      // https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
      assumedBy: new ServicePrincipal('s3.amazonaws.com'),
    });
    allow(role, [
      ...mayCopy(vault, destinationArn),
      ...(vault.key
        ? [
            { actions: ['kms:Decrypt'], resources: [vault.key.keyArn] },
            {
              // The second for the key of the replica's bucket, which stands between each object and the key of KMS.
              actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
              resources: [`arn:${stack.partition}:kms:${region}:${stack.account}:key/*`],
              // A key has any number of aliases: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
              conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': replicaKeyAlias(environment) } },
              wildcard:
                'The key is made in the other region and known here by its alias, to which the condition holds it.',
            },
          ]
        : []),
    ]);
    const bucket = vault.bucket.node.defaultChild as CfnBucket;
    bucket.replicationConfiguration = {
      role: role.roleArn,
      rules: [
        {
          id: ruleId,
          status: 'Enabled',
          priority: 1,
          filter: { prefix: vaultPrefix },
          // Retention holds for the copy too; what it hides there stays in the versions as long as here.
          deleteMarkerReplication: { status: 'Enabled' },
          ...(vault.key ? { sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } } } : {}),
          destination: {
            bucket: destinationArn,
            metrics: { status: 'Enabled' },
            ...(vault.key ? { encryptionConfiguration: { replicaKmsKeyId: keyAlias } } : {}),
          },
        },
      ],
    };
    this.failures = new Metric({
      namespace: 'AWS/S3',
      metricName: 'OperationsFailedReplication',
      dimensionsMap: { SourceBucket: vault.bucket.bucketName, DestinationBucket: destination, RuleId: ruleId },
      statistic: Stats.SUM,
      period: Duration.minutes(5),
    });
  }
}

/** What S3 needs for it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html */
function mayCopy(vault: Vault, destinationArn: string): Right[] {
  const wildcard = 'All backups are copied; their names are made as they are taken.';
  return [
    { actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'], resources: [vault.bucket.bucketArn] },
    {
      actions: [
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionTagging',
        's3:GetObjectRetention',
        's3:GetObjectLegalHold',
      ],
      resources: [vault.bucket.arnForObjects(`${vaultPrefix}*`)],
      wildcard,
    },
    {
      actions: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'],
      resources: [`${destinationArn}/${vaultPrefix}*`],
      wildcard,
    },
  ];
}

/** Known in both regions without asking: the two stacks share no export. */
export function replicaBucketName(scope: Construct, environment: string, region: string): string {
  return `respaldo-${environment}-replica-${Stack.of(scope).account}-${region}`;
}

export function replicaKeyAlias(environment: string): string {
  return `alias/respaldo-${environment}-replica`;
}
