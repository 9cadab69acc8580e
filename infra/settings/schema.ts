import * as z from 'zod';
import { compressions, targetPattern } from '../../core/archive-name.js';
import { defaultSchedules } from '../../core/schedules/schedules.js';
import { assertions } from './assertions.js';
import {
  bucketName,
  choice,
  databaseName,
  encryption,
  group,
  host,
  imageName,
  keep,
  keyArn,
  list,
  listOfDifferent,
  mailAddress,
  prices,
  region,
  schedule,
  secretArn,
  securityGroup,
  text,
  whole,
  yesOrNo,
  zone,
} from './fields.js';
import { variables } from './variables.js';

/** A schedule's name has 64 characters, with `-backup-database` in it. */
const longestTarget = 48;
const targetAllowed = 'must be lower-case letters, digits, - and _, and neither "database" nor "media"';
const target = z
  .string({ error: targetAllowed })
  .refine((value) => value === '' || targetPattern.test(value), targetAllowed)
  .max(longestTarget, `must have ${longestTarget} characters at most`)
  .default('');

/** Fargate's sizes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html */
const size = {
  cpu: whole(256, 16_384).default(1024),
  memory: whole(512, 122_880).default(2048),
};

/** When this target is backed up, where not with all others; and how old its newest backup may get. */
const rhythm = {
  schedule: schedule.optional(),
  maxAgeHours: whole(1, 87_600).optional(),
};

const database = group({
  target,
  host,
  port: whole(1, 65_535).default(5432),
  name: databaseName,
  secretArn: secretArn.optional(),
  /** The key that encrypts the secret, where it is not the account's own aws/secretsmanager. */
  secretKeyArn: keyArn.optional(),
  iamAuthentication: group({
    user: text(/^[\w.@-]{1,63}$/, 'must be the name of a role of the database'),
    resourceId: text(
      /^(?:db|cluster)-[A-Z0-9]+$/,
      'must be the resource id of the RDS instance or cluster, like db-ABCDEFGHIJKL01234',
    ),
  }).optional(),
  securityGroup: securityGroup.optional(),
  sslMode: choice(['require', 'verify-full', 'prefer', 'disable']).default('require'),
  /** `auto`: parallel for databases above 1 GB, pg_dump's custom format for others. */
  format: choice(['auto', 'plain', 'custom', 'parallel']).default('auto'),
  /** Of format parallel: so many tasks share each backup and restore. */
  tasks: whole(1, 16).default(1),
  compression: choice(compressions).default('gzip'),
  /** Instead of `drill.assertions`. */
  assertions: assertions.optional(),
  ...size,
  ...rhythm,
});

const media = group({
  target,
  fileSystem: text(/^fs-[0-9a-f]{8,17}$/, 'must be the id of an EFS file system, like fs-0123456789abcdef0').optional(),
  accessPoint: text(
    /^fsap-[0-9a-f]{8,17}$/,
    'must be the id of an EFS access point, like fsap-0123456789abcdef0',
  ).optional(),
  /** Of the file system's mount targets. */
  securityGroup: securityGroup.optional(),
  bucket: bucketName.optional(),
  /** The key that encrypts the bucket's objects, where it is not S3's own. */
  bucketKeyArn: keyArn.optional(),
  /** A role's right is written with it, in which * and ? would reach further. */
  prefix: text(/^(?:[^/*?$][^*?$]*\/)?$/, 'must be empty or end with /, without *, ? and $').default(''),
  compression: choice(compressions).default('zstd'),
  exclude: list(text(/^[^,\n]+$/, 'must be a pattern without a comma in it'), 0, 'must be a list of patterns').default(
    [],
  ),
  ...size,
  ...rhythm,
});

/** Of a task, its own group among them: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html */
const mostSubnets = 16;
const mostGroups = 5;

const network = group({
  vpc: text(/^vpc-[0-9a-f]{8,17}$/, 'must be the id of a VPC, like vpc-0123456789abcdef0'),
  subnets: listOfDifferent(
    text(/^subnet-[0-9a-f]{8,17}$/, 'must be the id of a subnet, like subnet-0123456789abcdef0'),
    ...([1, mostSubnets, `must be a list of one to ${mostSubnets} subnets`] as const),
  ),
  securityGroups: listOfDifferent(
    securityGroup,
    ...([0, mostGroups - 1, `must be a list of ${mostGroups - 1} security groups at most`] as const),
  ).default([]),
  publicAddress: yesOrNo.default(true),
});

const transition = group({
  to: choice(['STANDARD_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR']),
  afterDays: whole(0, 3650, ' days'),
});

export const environmentSchema = group({
  account: text(/^\d{12}$/, 'must be the twelve digits of an account, in quotes').optional(),
  region: region.optional(),
  zone: zone.default('UTC'),
  databases: list(database, 1, 'must be a list of one database or more').default([]),
  media: list(media, 1, 'must be a list of media trees').default([]),
  /** Left out: a VPC is made, with public subnets and nothing that costs by the hour. */
  network: network.optional(),
  schedules: group({
    database: schedule.default(defaultSchedules.database),
    media: schedule.default(defaultSchedules.media),
    cleanup: schedule.default(defaultSchedules.cleanup),
    check: schedule.default(defaultSchedules.check),
    drill: schedule.default(defaultSchedules.drill),
  }).prefault({}),
  /** Restores backups of databases into throw-away servers, reads those of media files, and compares both. */
  drill: group({
    afterBackup: yesOrNo.default(false),
    /** Run in each restored database: SQL, or a file of it. */
    assertions: assertions.optional(),
    /** Lets a dump do what only a superuser may, running programs in the drill's task among it. */
    asSuperuser: yesOrNo.default(false),
    /** Of the task that holds the restored database; one of media files is sized as its restore. */
    disk: whole(21, 200, ' GiB').default(50),
    cpu: size.cpu,
    memory: size.memory,
    /** Majors whose servers are in the drill's image. */
    majors: list(whole(14, 18), 1, 'must be a list of majors of PostgreSQL').default([14, 15, 16, 17, 18]),
    /** An image in a registry with the servers' programs; left out, `cdk deploy` builds one. */
    image: imageName.optional(),
  }).prefault({}),
  retention: group({ days: whole(1, 36_500, ' days').optional(), keep: keep.optional() }).prefault({}),
  vault: group({
    lockDays: whole(0, 36_500, ' days').default(7),
    lockMode: choice(['GOVERNANCE', 'COMPLIANCE']).default('GOVERNANCE'),
    encryption: encryption.default('s3'),
    /** Of older backups, from before `encryption` was changed: they can be read as long as the key is there. */
    formerKeys: list(keyArn, 0, 'must be a list of ARNs of keys').default([]),
    transitions: list(transition, 0, 'must be a list of transitions').default([]),
    /** How long a removed backup can still be brought back from the bucket's versions. */
    oldVersionsDays: whole(1, 3650, ' days').default(14),
    replication: group({ region }).optional(),
  }).prefault({}),
  alerts: group({
    /** Each is a resource of the stack, which has room for few more. */
    emails: listOfDifferent(mailAddress, 0, 20, 'must be a list of 20 mail addresses at most').default([]),
    sentryDsnSecretArn: secretArn.optional(),
  }).prefault({}),
  /** Settings of the program by their own names, for all tasks. */
  variables: variables.prefault({}),
  capacity: choice(['ON_DEMAND', 'SPOT']).default('ON_DEMAND'),
  architecture: choice(['ARM64', 'X86_64']).default('ARM64'),
  /** An image in a registry; left out, `cdk deploy` builds container/Dockerfile. */
  image: imageName.optional(),
  /** What a GB costs a month, for the dashboard: `STANDARD=0.023,STANDARD_IA=0.0125 USD`. */
  prices: prices.optional(),
  /** Where people find docs/runbook.md. */
  /** With a heading behind it, it stands in descriptions of alarms, which have 1,024 characters. */
  runbook: text(/^[^\s#]{1,500}$/, 'must be a URL or a path, of 500 characters at most and without #').default(
    'docs/runbook.md',
  ),
});

/** The settings of one environment, with every default filled in. */
export type EnvironmentSettings = Readonly<z.infer<typeof environmentSchema>>;
export type DatabaseSettings = EnvironmentSettings['databases'][number];
export type MediaSettings = EnvironmentSettings['media'][number];
