/** What AWS asks for one unit in us-east-1, in US dollars. */
export interface Price {
  readonly what: string;
  readonly amount: number;
  readonly unit: string;
  /** AWS's own page of it. Its figures are put in by a script, so it cannot be quoted word for word. */
  readonly page: string;
  /** A page that quotes the figure, with that page's date; undefined where none was found: then it is from memory. */
  readonly seen: { readonly where: string; readonly when: string } | undefined;
}

const s3 = 'https://aws.amazon.com/s3/pricing/';
const fargate = 'https://aws.amazon.com/fargate/pricing/';
const cloudWatch = 'https://aws.amazon.com/cloudwatch/pricing/';
const kms = 'https://aws.amazon.com/kms/pricing/';
const backup = 'https://aws.amazon.com/backup/pricing/';
const rds = 'https://aws.amazon.com/rds/postgresql/pricing/';

const storageClasses = { where: 'https://costnimbus.com/article/s3-storage-classes-cost-guide', when: 'March 2026' };
const fargateRates = { where: 'https://www.vantage.sh/blog/fargate-pricing', when: 'undated, on from 2021' };
const cloudWatchRates = {
  where: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/',
  when: 'June 2026',
};
const backupRates = {
  where: 'https://www.factualminds.com/blog/aws-backup-pricing-vaults-cross-region-restores/',
  when: 'June 2026',
};

/** Every figure that the page of costs is computed from. */
export const prices = {
  standard: { what: 'S3 Standard, first 50 TB', amount: 0.023, unit: 'GB-month', page: s3, seen: storageClasses },
  infrequent: { what: 'S3 Standard-IA', amount: 0.0125, unit: 'GB-month', page: s3, seen: storageClasses },
  glacier: { what: 'S3 Glacier Instant Retrieval', amount: 0.004, unit: 'GB-month', page: s3, seen: storageClasses },
  infrequentRead: { what: 'reading from Standard-IA', amount: 0.01, unit: 'GB', page: s3, seen: storageClasses },
  glacierRead: {
    what: 'reading from Glacier Instant Retrieval',
    amount: 0.03,
    unit: 'GB',
    page: s3,
    seen: storageClasses,
  },
  put: {
    what: 'S3 PUT and POST, one for each part',
    amount: 0.005,
    unit: '1,000',
    page: s3,
    seen: { where: 'https://c3x.dev/blog/s3-request-fees-explained', when: 'undated' },
  },
  otherRegion: {
    what: 'sending to another region, for a replica',
    amount: 0.02,
    unit: 'GB',
    page: s3,
    seen: backupRates,
  },
  vcpu: { what: 'Fargate, Linux/ARM64', amount: 0.03238, unit: 'vCPU-hour', page: fargate, seen: fargateRates },
  memory: { what: 'Fargate, Linux/ARM64', amount: 0.00356, unit: 'GB-hour', page: fargate, seen: fargateRates },
  disk: {
    what: 'Fargate, disk above 20 GB',
    amount: 0.000111,
    unit: 'GB-hour',
    page: fargate,
    seen: fargateRates,
  },
  address: {
    what: 'public IPv4 address, while a task runs',
    amount: 0.005,
    unit: 'hour',
    page: 'https://aws.amazon.com/vpc/pricing/',
    seen: {
      where: 'https://www.repost.aws/articles/ARknH_OR0cTvqoTfJrVGaB8A/',
      when: 'AWS, since February 2024',
    },
  },
  alarm: {
    what: 'CloudWatch alarm',
    amount: 0.1,
    unit: 'month',
    page: cloudWatch,
    seen: { where: 'https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm', when: 'undated' },
  },
  metric: {
    what: 'CloudWatch metric of one’s own',
    amount: 0.3,
    unit: 'month',
    page: cloudWatch,
    seen: { where: 'https://signoz.io/guides/cloudwatch-pricing', when: 'February 2026' },
  },
  dashboard: { what: 'CloudWatch dashboard', amount: 3, unit: 'month', page: cloudWatch, seen: cloudWatchRates },
  log: { what: 'CloudWatch log', amount: 0.5, unit: 'GB', page: cloudWatch, seen: cloudWatchRates },
  lambda: {
    what: 'Lambda, ARM64',
    amount: 0.0000133334,
    unit: 'GB-second',
    page: 'https://aws.amazon.com/lambda/pricing/',
    seen: { where: 'https://git.mcrn.ar/mariano/lambda_local_runner', when: 'undated' },
  },
  schedule: {
    what: 'EventBridge Scheduler, after 14 million',
    amount: 1,
    unit: 'million runs',
    page: 'https://aws.amazon.com/eventbridge/pricing/',
    seen: { where: 'https://cloudburn.io/blog/amazon-eventbridge-pricing', when: 'March 2026' },
  },
  image: {
    what: 'image in ECR',
    amount: 0.1,
    unit: 'GB-month',
    page: 'https://aws.amazon.com/ecr/pricing/',
    seen: { where: 'https://cloudburn.io/blog/amazon-ecr-pricing', when: 'March 2026' },
  },
  key: {
    what: 'KMS key, where `encryption` is `kms`',
    amount: 1,
    unit: 'month',
    page: kms,
    seen: { where: kms, when: 'AWS’s own text, undated' },
  },
  keyUse: {
    what: 'KMS requests',
    amount: 0.03,
    unit: '10,000',
    page: kms,
    seen: { where: 'https://www.wring.co/blog/aws-kms-pricing-guide', when: '2026' },
  },
  snapshot: {
    what: 'AWS Backup of RDS, and manual snapshots',
    amount: 0.095,
    unit: 'GB-month',
    page: backup,
    seen: { where: 'https://c3x.dev/resources/aws/aws_db_snapshot/', when: 'undated' },
  },
  auroraBackup: {
    what: 'backup storage of Aurora beyond its window',
    amount: 0.021,
    unit: 'GB-month',
    page: 'https://aws.amazon.com/rds/aurora/pricing/',
    seen: undefined,
  },
  snapshotExport: {
    what: 'RDS snapshot export to S3',
    amount: 0.01,
    unit: 'GB of snapshot',
    page: rds,
    seen: undefined,
  },
  efsBackup: { what: 'AWS Backup of EFS, warm', amount: 0.05, unit: 'GB-month', page: backup, seen: backupRates },
  efsCold: {
    what: 'AWS Backup of EFS, cold, for 90 days at least (pages of 2026 say 0.01 and 0.0125)',
    amount: 0.01,
    unit: 'GB-month',
    page: backup,
    seen: { where: 'https://cloudburn.io/blog/aws-backup-pricing', when: 'February 2026' },
  },
} as const satisfies Readonly<Record<string, Price>>;
