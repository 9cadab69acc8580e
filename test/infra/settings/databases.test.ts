import { describe, it } from 'vitest';
import { expectOneLine } from '../../support/aws/settings.js';
import { least } from '../../support/aws/stack.js';

const [database] = least.databases;

describe('a database', () => {
  it.each([
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
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});

describe('a task’s size', () => {
  it.each([
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
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});
