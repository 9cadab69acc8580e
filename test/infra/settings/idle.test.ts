import { describe, it } from 'vitest';
import { byIam, expectOneLine, keyIn, network } from '../../support/aws/settings.js';
import { least } from '../../support/aws/stack.js';

const [database] = least.databases;

describe('what nothing would do, or could reach', () => {
  it.each([
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
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});
