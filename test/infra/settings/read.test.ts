import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../../infra/settings/read.js';
import { now, problemsOf } from '../../support/aws/settings.js';
import { least, shipped } from '../../support/aws/stack.js';

const [database] = least.databases;

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

describe('all of them together', () => {
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
