import { describe, it } from 'vitest';
import { expectOneLine, network } from '../../support/aws/settings.js';
import { least } from '../../support/aws/stack.js';

const [database] = least.databases;

describe('what AWS would refuse later', () => {
  it.each([
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
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});

describe('the rest', () => {
  it.each([
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
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});
