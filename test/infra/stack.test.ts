import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { symbolic } from '../support/aws/iam.js';
import { least, resourcesOf, synthesize, template } from '../support/aws/stack.js';

// A synthesis takes seconds, on a machine that does much else a minute.
vi.setConfig({ testTimeout: 300_000 });

const prod = template();
const bare = template({ env: 'bare', environments: { bare: least } });
const copied = synthesize({
  env: 'copied',
  environments: {
    copied: { ...least, region: 'eu-west-1', vault: { encryption: 'kms', replication: { region: 'eu-central-1' } } },
  },
});

const the = (type: string, of = prod) => resourcesOf(of, type)[0]?.[1];

describe('drills', () => {
  const schedules = (of: typeof prod) =>
    resourcesOf(of, 'AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties.Name);
  const families = (of: typeof prod) =>
    resourcesOf(of, 'AWS::ECS::TaskDefinition').map(([, { Properties }]) => Properties.Family);
  const alarms = (of: typeof prod) =>
    resourcesOf(of, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.AlarmName);

  it('run by a schedule of their own, and alarms tell when one fails or none comes', () => {
    expect(schedules(bare)).toContain('drill');
    expect(families(bare)).toContain('respaldo-bare-drill-database');
    expect(alarms(bare)).toEqual(
      expect.arrayContaining(['respaldo-bare-database-drill-failed', 'respaldo-bare-database-unproven']),
    );
  });

  it('read media files without the servers, without a way to the live ones, and as large as a restore', () => {
    const media = { bucket: 'crm-media', cpu: 2048, memory: 4096 };
    const drill = { image: 'registry.example/servers:1' };
    const of = template({
      env: 'm',
      environments: { m: { ...least, media: [media], drill, image: 'registry.example/r:1' } },
    });
    const tasks = resourcesOf(of, 'AWS::ECS::TaskDefinition').map(([, { Properties }]) => Properties);
    const [drillsMedia, drillsDatabase] = ['respaldo-m-drill-media', 'respaldo-m-drill-database'].map((family) =>
      tasks.find(({ Family }) => Family === family),
    );
    expect(drillsDatabase.ContainerDefinitions[0].Image).toBe('registry.example/servers:1');
    expect(drillsMedia).toMatchObject({
      Cpu: '2048',
      Memory: '4096',
      ContainerDefinitions: [{ Image: 'registry.example/r:1', Command: ['drill', '--media'] }],
    });
    expect(drillsMedia).not.toHaveProperty('EphemeralStorage');
    expect(alarms(of)).toEqual(expect.arrayContaining(['respaldo-m-media-drill-failed', 'respaldo-m-media-unproven']));
  });

  it('run the assertions of the environment, or of the database itself, and in no other task', () => {
    const [first] = least.databases;
    const databases = [
      { ...first, target: 'crm' },
      { ...first, target: 'shop', assertions: 'SELECT count(*) > 0 FROM orders' },
    ];
    const drill = { assertions: 'SELECT true', asSuperuser: true };
    const of = template({ env: 'a', environments: { a: { databases, media: [{ bucket: 'crm-media' }], drill } } });
    const told = (variable: string) =>
      resourcesOf(of, 'AWS::ECS::TaskDefinition').flatMap(([, { Properties }]) =>
        Properties.ContainerDefinitions[0].Environment.filter(({ Name }: { Name: string }) => Name === variable).map(
          ({ Value }: { Value: string }) => [Properties.Family, Value],
        ),
      );
    expect(told('BACKUP_DRILL_AS_SUPERUSER')).toEqual([
      ['respaldo-a-crm-drill-database', 'true'],
      ['respaldo-a-shop-drill-database', 'true'],
    ]);
    expect(told('BACKUP_DRILL_ASSERTIONS')).toEqual([
      ['respaldo-a-crm-drill-database', 'SELECT true'],
      ['respaldo-a-shop-drill-database', 'SELECT count(*) > 0 FROM orders'],
    ]);
  });

  it('can follow each backup, and be switched off altogether', () => {
    const after = template({
      env: 'e',
      environments: { e: { ...least, schedules: { drill: false }, drill: { afterBackup: true } } },
    });
    expect(schedules(after)).not.toContain('drill');
    expect(resourcesOf(after, 'AWS::Events::Rule').map(([, { Properties }]) => Properties.EventPattern)).toContainEqual(
      { source: ['respaldo'], 'detail-type': ['Backup Completed'] },
    );
    expect(alarms(after)).toContain('respaldo-e-database-unproven');
    const off = template({ env: 'e', environments: { e: { ...least, schedules: { drill: false } } } });
    expect(families(off).filter((family: string) => family.includes('drill'))).toEqual([]);
    expect(alarms(off).filter((name: string) => /drill|unproven/.test(name))).toEqual([]);
  });
});

describe('the vault', () => {
  const vault = the('AWS::S3::Bucket');

  it('outlives the stack, keeps versions, and locks each new backup', () => {
    expect(vault).toMatchObject({
      // But for a deployment that fails as it makes it: its name is free for the next try.
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        ObjectLockEnabled: true,
        ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 14, Mode: 'GOVERNANCE' } } },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      },
    });
  });

  it('answers over TLS 1.2 only', () => {
    const denied = the('AWS::S3::BucketPolicy')?.Properties.PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Deny',
    );
    expect(denied).toEqual([
      expect.objectContaining({ Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({ Action: 's3:*', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
    ]);
  });

  it('expires no backup by itself: only what is removed already, interrupted or a note', () => {
    const rules = vault?.Properties.LifecycleConfiguration.Rules ?? [];
    expect(rules).toHaveLength(4);
    for (const rule of rules) {
      if ('ExpirationInDays' in rule) expect(rule.Prefix).toBe('incidents/');
    }
  });

  it('has keys that nothing takes away', () => {
    for (const of of Object.values(copied)) {
      expect(the('AWS::KMS::Key', of)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('is encrypted by S3, or with a key of its own', () => {
    const algorithm = (of = prod) =>
      the('AWS::S3::Bucket', of)?.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0]
        .ServerSideEncryptionByDefault.SSEAlgorithm;
    expect(algorithm()).toBe('AES256');
    expect(algorithm(copied['Respaldo-copied'])).toBe('aws:kms');
  });

  it('is copied to another region on request, with an alarm on what could not be copied', () => {
    const main = copied['Respaldo-copied'];
    const replica = copied['Respaldo-copied-replica'];
    expect(replica && the('AWS::S3::Bucket', replica)).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: { VersioningConfiguration: { Status: 'Enabled' }, ObjectLockEnabled: true },
    });
    expect(main && the('AWS::S3::Bucket', main)?.Properties.ReplicationConfiguration.Rules).toHaveLength(1);
    const alarms = main
      ? resourcesOf(main, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.MetricName)
      : [];
    expect(alarms).toContain('OperationsFailedReplication');
  });
});

describe('the tasks', () => {
  it.each(resourcesOf(prod, 'AWS::ECS::TaskDefinition').map(([, { Properties }]) => Properties))(
    '$Family changes nothing of its image, is told no secret, and may end in peace',
    ({ ContainerDefinitions: [container], RuntimePlatform, NetworkMode, RequiresCompatibilities }) => {
      expect(container).toMatchObject({ Name: 'respaldo', ReadonlyRootFilesystem: true, StopTimeout: 120 });
      expect(RuntimePlatform).toEqual({ CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' });
      expect([NetworkMode, RequiresCompatibilities]).toEqual(['awsvpc', ['FARGATE']]);
      expect(container.Environment.map(({ Name }: { Name: string }) => Name).join()).not.toMatch(
        /PASSWORD|DSN|ACCESS_KEY/,
      );
    },
  );

  it.each([
    { sslMode: 'verify-full', file: '/etc/ssl/certs/rds.pem' },
    { sslMode: 'require', file: undefined },
  ])('with sslMode $sslMode, look a certificate up in $file', ({ sslMode, file }) => {
    const of = template({ env: 't', environments: { t: { databases: [{ ...least.databases[0], sslMode }] } } });
    const tasks = resourcesOf(of, 'AWS::ECS::TaskDefinition').filter(
      ([, { Properties }]) => !/drill/.test(Properties.Family),
    );
    for (const [, { Properties }] of tasks) {
      const told = (name: string) =>
        Properties.ContainerDefinitions[0].Environment.find(({ Name }: { Name: string }) => Name === name)?.Value;
      expect([told('PGSSLMODE'), told('PGSSLROOTCERT')]).toEqual([sslMode, file]);
    }
    // Where the image has it.
    expect(readFileSync('container/Dockerfile', 'utf8')).toContain(`"${file ?? ''}`);
  });

  it('mounts the media files read-only for a backup', () => {
    const [backup, restore] = ['backup', 'restore'].map(
      (job) =>
        resourcesOf(prod, 'AWS::ECS::TaskDefinition').find(
          ([, { Properties }]) => Properties.Family === `respaldo-prod-${job}-media`,
        )?.[1].Properties.ContainerDefinitions[0].MountPoints,
    );
    expect(backup).toContainEqual(expect.objectContaining({ ContainerPath: '/media', ReadOnly: true }));
    expect(restore).toContainEqual(expect.objectContaining({ ContainerPath: '/media', ReadOnly: false }));
  });

  it('get settings of the program by their own names', () => {
    const variables = { BACKUP_LOCK_TIMEOUT: 300, BACKUP_FINGERPRINT: 'counts' };
    const definitions = resourcesOf(
      template({ environments: { prod: { ...least, variables } } }),
      'AWS::ECS::TaskDefinition',
    );
    for (const [, { Properties }] of definitions) {
      const { Environment } = Properties.ContainerDefinitions[0];
      expect(Environment).toContainEqual({ Name: 'BACKUP_LOCK_TIMEOUT', Value: '300' });
      expect(Environment).toContainEqual({ Name: 'BACKUP_FINGERPRINT', Value: 'counts' });
    }
    expect(definitions).toHaveLength(3);
  });

  it('opens the database’s port to the tasks', () => {
    expect(resourcesOf(prod, 'AWS::EC2::SecurityGroupIngress').map(([, { Properties }]) => Properties)).toContainEqual(
      expect.objectContaining({ GroupId: 'sg-0bbbbbbbbbbbbbbb1', FromPort: 5432, ToPort: 5432 }),
    );
  });

  it('needs no NAT gateway, not even in a VPC of its own', () => {
    expect(resourcesOf(bare, 'AWS::EC2::VPC')).toHaveLength(1);
    expect(resourcesOf(bare, 'AWS::EC2::NatGateway')).toEqual([]);
  });
});

describe('the schedules', () => {
  it('run in the environment’s zone, and name each run', () => {
    const schedules = Object.fromEntries(
      resourcesOf(prod, 'AWS::Scheduler::Schedule').map(([, { Properties }]) => [Properties.Name, Properties]),
    );
    expect(Object.keys(schedules).sort()).toEqual(['backup-database', 'backup-media', 'check', 'cleanup', 'drill']);
    expect(schedules['backup-database']).toMatchObject({
      ScheduleExpression: 'cron(0 3 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Madrid',
      Target: { RetryPolicy: { MaximumRetryAttempts: 3 }, DeadLetterConfig: { Arn: expect.anything() } },
    });
    expect(JSON.parse(schedules['backup-database'].Target.Input)).toEqual({
      kind: 'database',
      target: '',
      schedule: '<aws.scheduler.schedule-arn>',
      due: '<aws.scheduler.scheduled-time>',
    });
  });

  it('leaves out what is switched off', () => {
    const names = resourcesOf(template({ env: 'dev' }), 'AWS::Scheduler::Schedule').map(
      ([, { Properties }]) => Properties.Name,
    );
    expect(names).not.toContain('backup-media');
  });
});

describe('two environments in one account', () => {
  it('share no name', () => {
    const named = (env: string) =>
      Object.values(template({ env }).Resources).flatMap(({ Type, Properties = {} }) =>
        [
          'Name',
          'FunctionName',
          'AlarmName',
          'ClusterName',
          'QueueName',
          'TopicName',
          'LogGroupName',
          'Family',
          'BucketName',
          'DashboardName',
        ]
          .filter((key) => typeof Properties[key] === 'string' && Type !== 'AWS::Scheduler::Schedule')
          .map((key) => `${Type} ${Properties[key]}`),
      );
    const dev = new Set(named('dev'));
    expect(dev.size).toBeGreaterThan(10);
    expect(named('prod').filter((name) => dev.has(name))).toEqual([]);
  });
});

it('the dashboard leads to the log of the tasks', () => {
  const body = symbolic(the('AWS::CloudWatch::Dashboard')?.Properties.DashboardBody);
  const [link = ''] = /(?<=\[log of the tasks\]\().*?(?=\))/.exec(body) ?? [];
  const path = link.replace(/.*log-group\//, '').replaceAll('$', '%');
  expect(decodeURIComponent(decodeURIComponent(path))).toBe('/respaldo/prod/tasks');
});

it('the outputs name what a person needs next', () => {
  expect(Object.keys(prod.Outputs ?? {})).toEqual(
    expect.arrayContaining(['Restore', 'StartBackup', 'Dashboard', 'VaultBucket', 'EventBus']),
  );
  expect(symbolic(prod.Outputs?.Restore?.Value)).toMatch(/lambda\/home.*functions\/respaldo-prod-restore\?tab=testing/);
});
