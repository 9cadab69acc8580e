import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../core/errors.js';
import { readEnvironment } from '../../infra/settings/read.js';
import { least, shipped } from '../support/aws/stack.js';

const now = new Date('2026-01-15T00:00:00Z');
const [database] = least.databases;
const network = { vpc: 'vpc-0123456789abcdef0', subnets: ['subnet-0123456789abcdef0'] };

const byIam = { host: 'h', name: 'crm', iamAuthentication: { user: 'backup', resourceId: 'db-ABCDEFGHIJKL' } };

function keyIn(region: string): string {
  return `arn:aws:kms:${region}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
}

function problemsOf(settings: unknown): string {
  try {
    readEnvironment({ prod: settings }, 'prod', now);
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'SETTINGS_INVALID') return error.message;
    throw error;
  }
  return 'nothing is wrong';
}

describe('the settings of an environment', () => {
  it('have a sound default for everything but the database', () => {
    expect(readEnvironment({ prod: least }, 'prod', now)).toMatchObject({
      zone: 'UTC',
      databases: [{ target: '', port: 5432, sslMode: 'require', cpu: 1024, memory: 2048 }],
      media: [],
      schedules: { database: 'cron(0 3 * * ? *)', media: 'cron(0 4 ? * SUN *)', cleanup: 'cron(0 5 ? * MON *)' },
      vault: { lockDays: 7, lockMode: 'GOVERNANCE', encryption: 's3', transitions: [], oldVersionsDays: 14 },
      alerts: { emails: [] },
      capacity: 'ON_DEMAND',
      architecture: 'ARM64',
    });
  });

  it.each(Object.keys(shipped.environments))('%s as shipped is right', (name) => {
    expect(() => readEnvironment(shipped.environments, name, now)).not.toThrow();
  });

  it.each([
    { given: 'no environment', name: undefined, says: 'no environment is named; cdk.json has dev, prod' },
    { given: 'one that is not there', name: 'qa', says: 'there is no environment "qa"; cdk.json has dev, prod' },
  ])('$given: names those there are', ({ name, says }) => {
    expect(() => readEnvironment(shipped.environments, name, now)).toThrow(says);
  });

  it.each([
    { environments: undefined, says: 'environments: must be an object with a name for each environment' },
    { environments: 'prod', says: 'environments="prod": must be an object with a name for each environment' },
  ])('environments: $environments', ({ environments, says }) => {
    expect(() => readEnvironment(environments, 'prod', now)).toThrow(says);
  });
});

describe('a wrong setting is one line: path, value, what is allowed', () => {
  it.each([
    // databases
    {
      name: 'nothing to back up',
      settings: {},
      says: 'environments.prod.databases: must name a database: { "host": …, "name": …, "secretArn": … }',
    },
    {
      name: 'an unknown key',
      settings: { ...least, database: {} },
      says: /^environments\.prod: unknown: database; allowed are account, region, zone, databases/,
    },
    {
      name: 'an unknown key deep down',
      settings: { databases: [{ ...database, hostname: 'x' }] },
      says: /^environments\.prod\.databases\[0\]: unknown: hostname; allowed are target, host/,
    },
    {
      name: 'a number as text',
      settings: { databases: [{ ...database, port: '5432' }] },
      says: 'environments.prod.databases[0].port="5432": must be a whole number from 1 to 65535',
    },
    {
      name: 'a port too large',
      settings: { databases: [{ ...database, port: 70000 }] },
      says: 'environments.prod.databases[0].port=70000: must be a whole number from 1 to 65535',
    },
    {
      name: 'no way to log in',
      settings: { databases: [{ host: 'h', name: 'crm' }] },
      says: 'environments.prod.databases[0]: must have one of secretArn and iamAuthentication',
    },
    {
      name: 'two ways to log in',
      settings: { databases: [{ ...database, iamAuthentication: { user: 'u', resourceId: 'db-ABC' } }] },
      says: 'environments.prod.databases[0]: must have one of secretArn and iamAuthentication',
    },
    {
      name: 'no ARN of a secret',
      settings: { databases: [{ ...database, secretArn: 'crm' }] },
      says: 'environments.prod.databases[0].secretArn="crm": must be like arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm-AbCdEf, with the six characters that Secrets Manager puts at its end',
    },
    {
      name: 'the ARN of a secret without its end',
      settings: {
        databases: [{ ...database, secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm' }],
      },
      says: /^environments\.prod\.databases\[0\]\.secretArn="arn:.*:secret:crm": must be like .*six characters/,
    },
    {
      name: 'a target too long for a schedule’s name',
      settings: { databases: [{ ...database, target: 'a'.repeat(49) }] },
      says: `environments.prod.databases[0].target="${'a'.repeat(49)}": must have 48 characters at most`,
    },
    {
      name: 'a prefix by which a right would reach further',
      settings: { ...least, media: [{ bucket: 'crm-media', prefix: 'up*/' }] },
      says: 'environments.prod.media[0].prefix="up*/": must be empty or end with /, without *, ? and $',
    },
    {
      name: 'two patterns in one',
      settings: { ...least, media: [{ bucket: 'crm-media', exclude: ['*.tmp,cache'] }] },
      says: 'environments.prod.media[0].exclude[0]="*.tmp,cache": must be a pattern without a comma in it',
    },
    {
      name: 'checks that come too rarely for any alarm',
      settings: { ...least, schedules: { check: 'rate(8 days)' } },
      says: 'environments.prod.schedules.check="rate(8 days)": must come once in seven days at least: alarms look back no further. Hourly costs next to nothing',
    },
    {
      name: 'a check that comes once and never again',
      settings: { ...least, schedules: { check: 'cron(0 3 1 3 ? 2030)' } },
      says: /^environments\.prod\.schedules\.check=.*: must come once in seven days at least/,
    },
    {
      name: 'two targets of one name',
      settings: { databases: [database, database] },
      says: 'environments.prod.databases[1].target="": must differ from the others: give each a name of its own',
    },
    {
      name: 'a target that is a folder’s name',
      settings: { databases: [{ ...database, target: 'database' }] },
      says: 'environments.prod.databases[0].target="database": must be lower-case letters, digits, - and _, and neither "database" nor "media"',
    },
    {
      name: 'a format that there is not',
      settings: { databases: [{ ...database, format: 'tar' }] },
      says: /^environments\.prod\.databases\[0\]\.format="tar": must be one of .*plain.*custom/,
    },
    {
      name: 'a security group without a network',
      settings: { databases: [{ ...database, securityGroup: 'sg-0123456789abcdef0' }] },
      says: /^environments\.prod\.databases\[0\]\.securityGroup="sg-0123456789abcdef0": needs network/,
    },
    // Fargate's sizes
    {
      name: 'memory that does not go with the cpu',
      settings: { databases: [{ ...database, cpu: 256, memory: 4096 }] },
      says: 'environments.prod.databases[0].memory=4096: must be 512, 1024 or 2048 with cpu 256',
    },
    {
      name: 'memory between two steps',
      settings: { databases: [{ ...database, cpu: 8192, memory: 17_408 }] },
      says: 'environments.prod.databases[0].memory=17408: must be 16384 to 61440 in steps of 4096 with cpu 8192',
    },
    {
      name: 'a cpu that there is not',
      settings: { databases: [{ ...database, cpu: 768 }] },
      says: 'environments.prod.databases[0].cpu=768: must be one of 256, 512, 1024, 2048, 4096, 8192, 16384',
    },
    // media
    {
      name: 'media without a place',
      settings: { ...least, media: [{}] },
      says: 'environments.prod.media[0]: must have one of fileSystem and bucket',
    },
    {
      name: 'the key of a bucket, without the bucket',
      settings: {
        ...least,
        network,
        media: [
          {
            ...{ fileSystem: 'fs-0123456789abcdef0', accessPoint: 'fsap-0123456789abcdef0' },
            bucketKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-0000',
          },
        ],
      },
      says: /^environments\.prod\.media\[0\]\.bucketKeyArn="arn:\S+": goes with bucket$/,
    },
    {
      name: 'a file system without an access point',
      settings: { ...least, network, media: [{ fileSystem: 'fs-0123456789abcdef0' }] },
      says: 'environments.prod.media[0].accessPoint: must name the access point through which the files are reached',
    },
    {
      name: 'a file system without a network',
      settings: { ...least, media: [{ fileSystem: 'fs-0123456789abcdef0', accessPoint: 'fsap-0123456789abcdef0' }] },
      says: 'environments.prod.media[0].fileSystem="fs-0123456789abcdef0": needs network with the vpc and subnets of its mount targets',
    },
    {
      name: 'a prefix that ends in the midst of a name',
      settings: { ...least, media: [{ bucket: 'crm-media', prefix: 'uploads' }] },
      says: 'environments.prod.media[0].prefix="uploads": must be empty or end with /, without *, ? and $',
    },
    // schedules
    {
      name: 'a cron of five fields',
      settings: { ...least, schedules: { database: 'cron(0 3 * * *)' } },
      says: 'environments.prod.schedules.database="cron(0 3 * * *)": must be cron(minutes hours day-of-month month day-of-week year), like cron(0 3 * * ? *)',
    },
    {
      name: 'an hour that there is not',
      settings: { ...least, schedules: { database: 'cron(0 25 * * ? *)' } },
      says: 'environments.prod.schedules.database="cron(0 25 * * ? *)": has "25" as hours; allowed are 0-23, with * , - and /',
    },
    {
      name: 'both days open',
      settings: { ...least, schedules: { cleanup: 'cron(0 3 * * * *)' } },
      says: 'environments.prod.schedules.cleanup="cron(0 3 * * * *)": must have ? in one of day-of-month and day-of-week, and not in both, like cron(0 3 * * ? *)',
    },
    {
      name: 'a rate in the plural',
      settings: { ...least, schedules: { check: 'rate(1 hours)' } },
      says: 'environments.prod.schedules.check="rate(1 hours)": must be like rate(1 hour) or rate(2 days)',
    },
    {
      name: 'true as a schedule',
      settings: { ...least, schedules: { check: true } },
      says: 'environments.prod.schedules.check=true: must be like cron(0 3 * * ? *) or rate(1 hour), or false to switch it off',
    },
    {
      name: 'a zone that there is not',
      settings: { ...least, zone: 'Europe/Madird' },
      says: 'environments.prod.zone="Europe/Madird": is no time zone of the IANA database; Europe/Madrid is one',
    },
    {
      name: 'an hour that daylight saving skips',
      settings: { ...least, zone: 'Europe/Madrid', schedules: { database: 'cron(30 2 * * ? *)' } },
      says: 'environments.prod.schedules.database="cron(30 2 * * ? *)": would not run on 2026-03-29 02:30: clocks in Europe/Madrid skip that time; choose another hour',
    },
    {
      name: 'a target’s own schedule that is skipped',
      settings: { zone: 'America/New_York', databases: [{ ...database, schedule: 'cron(15 2 ? * SUN *)' }] },
      says: /^environments\.prod\.databases\[0\]\.schedule="cron\(15 2 \? \* SUN \*\)": would not run on 2026-03-08 02:15/,
    },
    // retention and vault
    {
      name: 'a keep that cannot be read',
      settings: { ...least, retention: { keep: 'hourly=3' } },
      says: 'environments.prod.retention.keep="hourly=3": "hourly=3" is not one of daily=N, weekly=N, monthly=N, yearly=N',
    },
    {
      name: 'a lock longer than retention',
      settings: { ...least, retention: { days: 7 }, vault: { lockDays: 30 } },
      says: 'environments.prod.vault.lockDays=30: must not be longer than retention keeps: 7 days',
    },
    {
      name: 'infrequent access before 30 days',
      settings: { ...least, retention: { days: 365 }, vault: { transitions: [{ to: 'STANDARD_IA', afterDays: 7 }] } },
      says: 'environments.prod.vault.transitions[0].afterDays=7: must be 30 or more for STANDARD_IA',
    },
    {
      name: 'a class that retention removes before it pays',
      settings: { ...least, retention: { days: 40 }, vault: { transitions: [{ to: 'STANDARD_IA', afterDays: 30 }] } },
      says: /^environments\.prod\.vault\.transitions\[0\]\.afterDays=30: retention removes after 40 days, and STANDARD_IA bills 30 days at least/,
    },
    {
      name: 'a transition after the expiry',
      settings: { ...least, retention: { days: 60 }, vault: { transitions: [{ to: 'GLACIER_IR', afterDays: 90 }] } },
      says: /^environments\.prod\.vault\.transitions\[0\]\.afterDays=90: retention removes after 60 days/,
    },
    {
      name: 'transitions in the wrong order',
      settings: {
        ...least,
        retention: { days: 365 },
        vault: {
          transitions: [
            { to: 'GLACIER_IR', afterDays: 30 },
            { to: 'STANDARD_IA', afterDays: 90 },
          ],
        },
      },
      says: /^environments\.prod\.vault\.transitions\[1\]="STANDARD_IA after 90 days": must come 30 days or more after GLACIER_IR/,
    },
    {
      name: 'a copy without a region of its own',
      settings: { ...least, vault: { replication: { region: 'eu-central-1' } } },
      says: 'environments.prod.region: must be set where vault.replication is: a copy belongs in another region',
    },
    {
      name: 'a copy in the same region',
      settings: { ...least, region: 'eu-west-1', vault: { replication: { region: 'eu-west-1' } } },
      says: 'environments.prod.vault.replication.region="eu-west-1": must be another region than the vault’s',
    },
    // what AWS would refuse later
    ...[null, 5].map((target) => ({
      name: `a target that is ${target}`,
      settings: { databases: [{ ...database, target }] },
      says: new RegExp(`databases\\[0\\]\\.target=${target}: must be lower-case letters`),
    })),
    ...['crm.example.com:5432', '10.0.0.7:5432', 'crm..example.com', ':', '...', '-crm'].map((host) => ({
      name: `the host ${host}`,
      settings: { databases: [{ ...database, host }] },
      says: `environments.prod.databases[0].host="${host}": must be a host name or an address alone; its port goes to "port"`,
    })),
    ...['ñ'.repeat(32), 'crm\n', 'crm\u0000'].map((name) => ({
      name: `the database ${JSON.stringify(name)}`,
      settings: { databases: [{ ...database, name }] },
      says: /name=".*": must be the name of a database: 1 to 63 bytes, without control characters$/,
    })),
    ...['arn:aws-foo:', 'arn:awsx:'].map((start) => ({
      name: `a secret of ${start}`,
      settings: { databases: [{ ...database, secretArn: database?.secretArn.replace('arn:aws:', start) }] },
      says: /secretArn=".*": must be like arn:aws:secretsmanager/,
    })),
    ...[
      ['EUROPE/MADRID', 'Europe/Madrid'],
      ['utc', 'UTC'],
      ['Japan', 'Asia/Tokyo'],
    ].map(([zone, meant]) => ({
      name: `the zone ${zone}`,
      settings: { ...least, zone },
      says: `environments.prod.zone="${zone}": is to be spelled ${meant} here`,
    })),
    {
      name: 'an account that is a number',
      settings: { ...least, account: 123456789012 },
      says: 'environments.prod.account=123456789012: must be the twelve digits of an account, in quotes',
    },
    ...[null, 'KMS', 'aws:kms'].map((encryption) => ({
      name: `encryption by ${encryption}`,
      settings: { ...least, vault: { encryption } },
      says: /vault\.encryption=.*: must be s3, kms, or the ARN of a key, like arn:aws:kms:/,
    })),
    ...['192.168.1.1', 'a..b'].map((bucket) => ({
      name: `the bucket ${bucket}`,
      settings: { ...least, media: [{ bucket }] },
      says: /media\[0\]\.bucket=".*": must be a bucket name: .*no address and no two dots in a row$/,
    })),
    {
      name: 'more subnets than a task takes',
      settings: {
        ...least,
        network: { ...network, subnets: Array.from({ length: 17 }, (_, i) => `subnet-0000000${i + 10}`) },
      },
      says: 'environments.prod.network.subnets: must be a list of one to 16 subnets',
    },
    {
      name: 'a subnet twice',
      settings: { ...least, network: { ...network, subnets: [...network.subnets, ...network.subnets] } },
      says: `environments.prod.network.subnets[1]="${network.subnets[0]}": stands there twice`,
    },
    {
      name: 'more security groups than a task takes',
      settings: {
        ...least,
        network: { ...network, securityGroups: Array.from({ length: 5 }, (_, i) => `sg-0000000${i}`) },
      },
      says: 'environments.prod.network.securityGroups: must be a list of 4 security groups at most',
    },
    ...['<me@x.es>', 'mailto:me@x.es', 'me@x..es', 'me@x.es.', 'mé@x.es', `${'a'.repeat(65)}@x.es`].map((mail) => ({
      name: `a mail to ${mail}`,
      settings: { ...least, alerts: { emails: [mail] } },
      says: /alerts\.emails\[0\]=".*": must be a mail address alone, like oncall@example\.com$/,
    })),
    {
      name: 'a mail address twice',
      settings: { ...least, alerts: { emails: ['a@b.es', 'a@b.es'] } },
      says: 'environments.prod.alerts.emails[1]="a@b.es": stands there twice',
    },
    {
      name: 'more mail addresses than a stack has room for',
      settings: { ...least, alerts: { emails: Array.from({ length: 450 }, (_, i) => `u${i}@b.es`) } },
      says: 'environments.prod.alerts.emails: must be a list of 20 mail addresses at most',
    },
    ...['123456789012.dkr.ecr.eu-west-1.amazonaws.com/Respaldo:1', 'ghcr.io//y', `ghcr.io/y:${'a'.repeat(129)}`].map(
      (image) => ({
        name: `the image ${image}`,
        settings: { ...least, image },
        says: /^environments\.prod\.image=".*: must be an image with its registry/,
      }),
    ),
    ...['x'.repeat(501), 'https://wiki.example/#restore', 'a b'].map((runbook) => ({
      name: `the runbook ${runbook}`,
      settings: { ...least, runbook },
      says: /runbook=".*: must be a URL or a path, of 500 characters at most and without #$/,
    })),
    {
      name: 'a decimal comma in a price',
      settings: { ...least, prices: 'STANDARD=0,023 EUR' },
      says: 'environments.prod.prices="STANDARD=0,023 EUR": "023" is not like 0.023 or STANDARD_IA=0.0125',
    },
    {
      name: 'assertions that are one word',
      settings: { ...least, drill: { assertions: 'drill.txt' } },
      says: /drill\.assertions="drill\.txt": must hold a statement of SQL, .*or be the path of a \.sql file$/,
    },
    // what nothing would do, or could reach
    {
      name: 'a login by IAM without TLS',
      settings: { databases: [{ ...byIam, sslMode: 'disable' }] },
      says: 'environments.prod.databases[0].sslMode="disable": must be another one: RDS takes iamAuthentication over TLS only',
    },
    {
      name: 'a key of a secret that is not used',
      settings: { databases: [{ ...byIam, secretKeyArn: keyIn('eu-west-1') }] },
      says: `environments.prod.databases[0].secretKeyArn="${keyIn('eu-west-1')}": goes with secretArn`,
    },
    ...[
      {
        media: { bucket: 'crm-media', accessPoint: 'fsap-0123456789abcdef0' },
        says: /accessPoint=".*": goes with file/,
      },
      {
        media: { bucket: 'crm-media', securityGroup: 'sg-0123456789abcdef0' },
        says: /securityGroup=".*": goes with f/,
      },
      {
        media: { fileSystem: 'fs-0123456789abcdef0', accessPoint: 'fsap-0123456789abcdef0', prefix: 'up/' },
        says: /prefix="up\/": goes with bucket; of a file system the access point says where the files begin$/,
      },
      {
        media: { bucket: 'crm-media', exclude: Array.from({ length: 2000 }, () => 'cache/thumbs') },
        says: /media\[0\]\.exclude: takes 25999 bytes; 16384 at most go into a task definition/,
      },
    ].map(({ media, says }) => ({
      name: `media files with ${Object.keys(media)}`,
      settings: { ...least, network, media: [media] },
      says,
    })),
    {
      name: 'a lock that nobody can undo, of no days',
      settings: { ...least, vault: { lockDays: 0, lockMode: 'COMPLIANCE' } },
      says: 'environments.prod.vault.lockMode="COMPLIANCE": needs vault.lockDays of 1 or more',
    },
    {
      name: 'a key of another region than the secret’s',
      settings: { databases: [{ ...database, secretKeyArn: keyIn('eu-west-3') }] },
      says: /databases\[0\]\.secretKeyArn=".*": must be of the secret’s region, eu-west-1$/,
    },
    {
      name: 'a former key of another region than the vault’s',
      settings: { ...least, region: 'eu-west-1', vault: { formerKeys: [keyIn('eu-west-1'), keyIn('eu-west-3')] } },
      says: /vault\.formerKeys\[1\]=".*": must be a key of the vault’s region, eu-west-1$/,
    },
    {
      name: 'a key of another partition',
      settings: { ...least, region: 'eu-west-1', media: [{ bucket: 'crm-media', bucketKeyArn: keyIn('cn-north-1') }] },
      says: /media\[0\]\.bucketKeyArn=".*": must be in the partition of cn-north-1, aws-cn$/,
    },
    {
      name: 'a key of another region than the vault’s',
      settings: { ...least, region: 'eu-west-1', vault: { encryption: keyIn('eu-west-3') } },
      says: /vault\.encryption=".*": must be a key of the vault’s region, eu-west-1$/,
    },
    {
      name: 'a secret of another partition than the region’s',
      settings: { ...least, region: 'cn-north-1' },
      says: /databases\[0\]\.secretArn=".*": must be in the partition of cn-north-1, aws-cn$/,
    },
    {
      name: 'a secret whose partition has no such region',
      settings: { databases: [{ ...database, secretArn: database?.secretArn.replace('arn:aws:', 'arn:aws-cn:') }] },
      says: /databases\[0\]\.secretArn=".*": must be in the partition of eu-west-1, aws$/,
    },
    {
      name: 'secrets of two partitions',
      settings: {
        ...least,
        alerts: { sentryDsnSecretArn: 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:dsn-AbCdEf' },
      },
      says: /alerts\.sentryDsnSecretArn=".*": must be in the partition of eu-west-1, aws$/,
    },
    {
      name: 'an empty key',
      settings: { ...least, '': 1 },
      says: /^environments\.prod: unknown: ""; allowed are account/,
    },
    {
      name: 'a key without end',
      settings: { ...least, ['k'.repeat(5000)]: 1 },
      says: /^environments\.prod: unknown: "k{60}"; allowed are account/,
    },
    {
      name: 'a number that is none of JSON’s whole ones, told once',
      settings: { databases: [{ ...database, port: Number.MAX_SAFE_INTEGER + 1 }] },
      says: 'environments.prod.databases[0].port=9007199254740992: must be a whole number from 1 to 65535',
    },
    {
      name: 'a copy in another partition',
      settings: { ...least, region: 'eu-west-1', vault: { replication: { region: 'cn-north-1' } } },
      says: /replication\.region="cn-north-1": must be in the partition of eu-west-1, aws: S3 copies to no other$/,
    },
    ...[
      ['BACKUP_LOCK_TIMEOUT', 0, 'must be a whole number from'],
      ['BACKUP_STALL_MINUTES', 'long', 'must be a number from'],
      ['BACKUP_FINGERPRINT', 'some', 'must be one of full, counts, off'],
      ['BACKUP_LOCK_TIMEOUT', ' ', 'must'],
      ['BACKUP_LOCK_TIMEOUT', null, 'must be text or a number'],
    ].map(([name, value, allowed]) => ({
      name: `the variable ${name}=${value}`,
      settings: { ...least, variables: { [`${name}`]: value } },
      says: new RegExp(`^environments\\.prod\\.variables\\.${name}=.*: ${allowed}`),
    })),
    ...['AWS_S3_BUCKET_NAME', 'BACKUP_AGE_RECIPIENTS', 'BACKUP_TARGET', 'PATH'].map((name) => ({
      name: `the variable ${name}, which the stack sets or a task cannot live by`,
      settings: { ...least, variables: { [name]: 'x' } },
      says: new RegExp(`^environments\\.prod\\.variables: unknown: ${name}; allowed are BACKUP_LOCK_TIMEOUT,`),
    })),
    // times
    ...['cron( 0 3 * * ? *)', 'cron(0  3 * * ? *)', 'cron(0\t3 * * ? *)', 'cron(0 3 * * ? * )'].map((expression) => ({
      name: `the blanks of ${JSON.stringify(expression)}`,
      settings: { ...least, schedules: { database: expression } },
      says: /schedules\.database=".*": must have one blank between its fields, and no other$/,
    })),
    {
      name: 'a step longer than the hour',
      settings: { ...least, schedules: { check: 'cron(5/70 * * * ? *)' } },
      says: /schedules\.check=".*": has "5\/70" as minutes; allowed are 0-59/,
    },
    ...['cron(0 3 30 2 ? *)', 'cron(0 3 * * ? 2020)'].map((expression) => ({
      name: `${expression}, which never comes`,
      settings: { ...least, schedules: { database: expression } },
      says: `environments.prod.schedules.database="${expression}": must come again and again: in the nine years to come there is no run`,
    })),
    {
      name: 'a schedule that comes once',
      settings: { databases: [{ ...database, schedule: 'cron(0 3 1 3 ? 2030)' }] },
      says: 'environments.prod.databases[0].schedule="cron(0 3 1 3 ? 2030)": must come again and again: after 2030-03-01 03:00 there is no run',
    },
    {
      name: 'a rate of millennia',
      settings: { ...least, schedules: { drill: 'rate(999999 days)' } },
      says: 'environments.prod.schedules.drill="rate(999999 days)": must come once in ten years at least',
    },
    {
      name: 'an age below the pause between two backups',
      settings: { databases: [{ ...database, maxAgeHours: 12 }] },
      says: 'environments.prod.databases[0].maxAgeHours=12: must be more than the 24 hours between two backups, or the alarm rings between them',
    },
    // the rest
    {
      name: 'no mail address',
      settings: { ...least, alerts: { emails: ['oncall'] } },
      says: 'environments.prod.alerts.emails[0]="oncall": must be a mail address alone, like oncall@example.com',
    },
    {
      name: 'no subnet',
      settings: { ...least, network: { ...network, subnets: [] } },
      says: 'environments.prod.network.subnets: must be a list of one to 16 subnets',
    },
    {
      name: 'a capacity that there is not',
      settings: { ...least, capacity: 'spot' },
      says: 'environments.prod.capacity="spot": must be one of ON_DEMAND, SPOT',
    },
    {
      name: 'an environment that is no object',
      settings: 'large',
      says: /^environments\.prod="large": must be an object with account, region/,
    },
  ])('$name', ({ settings, says }) => {
    const problems = problemsOf(settings);
    if (typeof says === 'string') expect(problems).toBe(says);
    else expect(problems).toMatch(says);
    expect(problems).not.toContain('\n');
  });

  it('several are told at once, a line each', () => {
    expect(problemsOf({ ...least, zone: 'Mars', capacity: 'x' }).split('\n')).toEqual([
      '2 settings in cdk.json are wrong:',
      expect.stringContaining('environments.prod.zone="Mars"'),
      expect.stringContaining('environments.prod.capacity="x"'),
    ]);
  });

  it.each([
    {
      name: 'the hour after the skipped one',
      settings: { ...least, zone: 'Europe/Madrid', schedules: { database: 'cron(0 3 * * ? *)' } },
    },
    {
      name: 'every hour, of which one may be skipped',
      settings: { ...least, zone: 'Europe/Madrid', schedules: { check: 'cron(15 * * * ? *)' } },
    },
    {
      name: 'a day on which clocks stay',
      settings: { ...least, zone: 'Europe/Madrid', schedules: { cleanup: 'cron(30 2 ? * MON *)' } },
    },
    {
      name: 'everything switched off',
      settings: { ...least, schedules: { database: false, media: false, cleanup: false, check: false } },
    },
    {
      name: 'IAM instead of a secret',
      settings: {
        databases: [{ host: 'h', name: 'crm', iamAuthentication: { user: 'backup', resourceId: 'db-ABCDEFGHIJKL' } }],
      },
    },
    {
      name: 'the secret that RDS makes with "Manage master credentials"',
      settings: {
        databases: [
          {
            ...database,
            secretArn:
              'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-12345678-90ab-cdef-1234-567890abcdef-AbCdEf',
          },
        ],
      },
    },
    ...['10.0.0.7', 'fd00::7', 'crm_db.internal', 'crm.example.com.', 'localhost'].map((host) => ({
      name: `the host ${host}`,
      settings: { databases: [{ ...database, host }] },
    })),
    ...['ghcr.io/me/respaldo:1.0', 'localhost:5000/x', `ghcr.io/x/y_z@sha256:${'a'.repeat(64)}`].map((image) => ({
      name: `the image ${image}`,
      settings: { ...least, image },
    })),
    { name: 'media alone, in a bucket', settings: { media: [{ bucket: 'crm-media' }] } },
    {
      name: 'a key of one’s own',
      settings: {
        ...least,
        vault: { encryption: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
      },
    },
  ])('right: $name', ({ settings }) => {
    expect(problemsOf(settings)).toBe('nothing is wrong');
  });
});
