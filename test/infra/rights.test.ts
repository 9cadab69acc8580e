import { describe, expect, it } from 'vitest';
import { allows, rightsOf, rolesOf, type Statement, statementsOf, symbolic } from '../support/aws/iam.js';
import { least, resourcesOf, type Template, template } from '../support/aws/stack.js';

const prod = template();
const kms = template({
  env: 'x',
  environments: {
    x: {
      ...least,
      databases: [
        { ...least.databases[0], target: 'crm' },
        { ...least.databases[0], target: 'shop' },
      ],
      media: [{ bucket: 'crm-media', prefix: 'uploads/' }],
      region: 'eu-west-1',
      vault: { encryption: 'kms', replication: { region: 'eu-central-1' } },
    },
  },
});
const bucket = resourcesOf(prod, 'AWS::S3::Bucket')[0]?.[0] ?? '';
const vault = `<${bucket}.Arn>`;
const archive = `${vault}/backups/database/db_backup_20260115_030000.sql.gz`;
const once = { 's3:if-none-match': '*', 's3:ObjectCreationOperation': 'true' };

describe('the role of a database backup', () => {
  const rights = rightsOf(prod, 'respaldo-prod-backup-database');

  it.each([
    { may: true, what: 'create an object that is not there', action: 's3:PutObject', resource: archive, context: once },
    {
      may: true,
      what: 'send a part',
      action: 's3:PutObject',
      resource: archive,
      context: { 's3:ObjectCreationOperation': 'false' },
    },
    { may: true, what: 'abandon its upload', action: 's3:AbortMultipartUpload', resource: archive },
    {
      may: false,
      what: 'replace an object',
      action: 's3:PutObject',
      resource: archive,
      context: { 's3:ObjectCreationOperation': 'true' },
    },
    {
      may: false,
      what: 'write outside its folder',
      action: 's3:PutObject',
      resource: `${vault}/backups/media/x`,
      context: once,
    },
    {
      may: false,
      what: 'write outside the prefix',
      action: 's3:PutObject',
      resource: `${vault}/incidents/x`,
      context: once,
    },
    { may: false, what: 'delete', action: 's3:DeleteObject', resource: archive },
    { may: false, what: 'delete a version', action: 's3:DeleteObjectVersion', resource: archive },
    { may: false, what: 'read', action: 's3:GetObject', resource: archive },
    {
      may: false,
      what: 'list',
      action: 's3:ListBucket',
      resource: vault,
      context: { 's3:prefix': 'backups/database/' },
    },
    { may: false, what: 'get around the lock', action: 's3:BypassGovernanceRetention', resource: archive },
    { may: false, what: 'shorten the lock', action: 's3:PutObjectRetention', resource: archive, context: once },
    { may: false, what: 'change the bucket', action: 's3:PutLifecycleConfiguration', resource: vault },
    {
      may: false,
      what: 'read another secret',
      action: 'secretsmanager:GetSecretValue',
      resource: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:other-AbCdEf',
    },
    {
      may: false,
      what: 'tell events under another name',
      action: 'events:PutEvents',
      resource: symbolic({ 'Fn::GetAtt': [resourcesOf(prod, 'AWS::Events::EventBus')[0]?.[0], 'Arn'] }),
      context: { 'events:source': 'aws.ecs' },
    },
  ])('may $what: $may', ({ may, ...request }) => {
    expect(allows(rights, request)).toBe(may);
  });
});

describe('the role of a database restore', () => {
  const rights = rightsOf(prod, 'respaldo-prod-restore-database');

  it('reads its own folder, and does nothing else to the vault', () => {
    expect(allows(rights, { action: 's3:GetObject', resource: archive })).toBe(true);
    expect(allows(rights, { action: 's3:GetObject', resource: `${vault}/backups/media/x` })).toBe(false);
    expect(
      onVault(rights)
        .flatMap(({ actions }) => actions)
        .sort(),
    ).toEqual(['s3:GetObject', 's3:ListBucket']);
  });
});

describe.each([
  { kind: 'database', base: `${vault}/backups/database/db_backup_20260115_030000`, suffix: '.sql.gz' },
  { kind: 'media', base: `${vault}/backups/media/media_backup_20260115_040000`, suffix: '.tar.zst' },
])('the role of a drill of kind $kind', ({ kind, base, suffix }) => {
  const rights = rightsOf(prod, `respaldo-prod-drill-${kind}`);
  const archive = `${base}${suffix}`;
  const another = `${vault}/backups/${kind === 'media' ? 'database' : 'media'}/x`;

  it.each([
    { may: true, what: 'read a backup', action: 's3:GetObject', resource: archive },
    { may: false, what: 'read one of the other kind', action: 's3:GetObject', resource: another },
    {
      may: false,
      what: 'record among the other kind',
      action: 's3:PutObject',
      resource: `${another}.verified.json`,
      context: once,
    },
    { may: true, what: 'record a proof', action: 's3:PutObject', resource: `${base}.verified.json`, context: once },
    {
      may: true,
      what: 'record a later proof',
      action: 's3:PutObject',
      resource: `${base}.verified_20260116_060000.json`,
      context: once,
    },
    {
      may: false,
      what: 'replace a later proof',
      action: 's3:PutObject',
      resource: `${base}.verified_20260116_060000.json`,
      context: { 's3:ObjectCreationOperation': 'true' },
    },
    {
      may: true,
      what: 'record a failure',
      action: 's3:PutObject',
      resource: `${base}.drill_failed_20260116_060000.json`,
      context: once,
    },
    {
      may: false,
      what: 'replace a record',
      action: 's3:PutObject',
      resource: `${base}.verified.json`,
      context: { 's3:ObjectCreationOperation': 'true' },
    },
    { may: false, what: 'write an archive', action: 's3:PutObject', resource: archive, context: once },
    { may: false, what: 'write a manifest', action: 's3:PutObject', resource: `${base}.manifest.json`, context: once },
    { may: false, what: 'delete', action: 's3:DeleteObject', resource: archive },
  ])('may $what: $may', ({ may, ...request }) => {
    expect(allows(rights, request)).toBe(may);
  });

  it('does nothing else, and knows nothing of what is live', () => {
    expect([...new Set(rights.flatMap(({ actions }) => actions))].sort()).toEqual([
      ...['events:PutEvents', 's3:GetObject', 's3:ListBucket', 's3:PutObject'],
    ]);
    const definition = resourcesOf(prod, 'AWS::ECS::TaskDefinition').find(
      ([, { Properties }]) => Properties.Family === `respaldo-prod-drill-${kind}`,
    )?.[1].Properties;
    const names = definition.ContainerDefinitions[0].Environment.map(({ Name }: { Name: string }) => Name);
    expect(names.filter((name: string) => /^PG|DATABASE|MEDIA/.test(name))).toEqual([]);
    expect(definition.EphemeralStorage?.SizeInGiB).toBe(kind === 'database' ? 50 : undefined);
    expect(definition.Volumes).toEqual([{ Name: 'tmp' }]);
  });
});

describe.each(['check', 'widget'])('the role of %s', (name) => {
  const rights = rightsOf(prod, `respaldo-prod-${name}`);

  it.each(['.verified.json', '.verified_20260116_060000.json'])(
    'reads what a drill that passed has recorded: %s',
    (record) => {
      const resource = `${vault}/backups/database/db_backup_20260115_030000${record}`;
      expect(allows(rights, { action: 's3:GetObject', resource })).toBe(true);
      expect(allows(rights, { action: 's3:GetObject', resource: archive })).toBe(false);
    },
  );
});

describe.each([
  { name: 'prod', of: prod },
  { name: 'two databases, media in a bucket, KMS and a copy', of: kms },
])('in the environment $name', ({ of }) => {
  const roles = resourcesOf(of, 'AWS::IAM::Role').map(([id]) => ({ id, rights: statementsOf(of, id) }));
  const workers = Object.entries(rolesOf(of)).map(([name, id]) => ({ name, rights: statementsOf(of, id) }));

  it('only cleanup may delete from the vault, and nobody a version or a lock', () => {
    const deleting = workers.filter(({ rights }) =>
      onVault(rights, of).some(({ actions }) =>
        actions.some((action) => /Delete|Bypass|Retention|LegalHold/.test(action)),
      ),
    );
    expect(deleting.map(({ name }) => name)).toEqual([expect.stringMatching(/-cleanup$/)]);
    const actions = deleting.flatMap(({ rights }) => onVault(rights, of).flatMap((each) => each.actions));
    expect(actions.filter((action) => /Version|Bypass|Retention|LegalHold/.test(action))).toEqual([]);
  });

  it('no role has an action with a star in it', () => {
    expect(
      roles
        .flatMap(({ rights }) => rights)
        .flatMap(({ actions }) => actions)
        .filter((action) => action.includes('*')),
    ).toEqual([]);
  });

  it('a resource is a lone star only where AWS knows no other', () => {
    const starred = roles.flatMap(({ rights }) => rights).filter(({ resources }) => resources.includes('*'));
    for (const { actions } of starred) {
      expect(['cloudwatch:PutMetricData', 'cloudwatch:GetMetricData', 'ecr:GetAuthorizationToken']).toContain(
        actions.join(),
      );
    }
  });

  it('a service is asked for the source only where AWS documents that it names one', () => {
    const asked = resourcesOf(of, 'AWS::IAM::Role').flatMap(([id, { Properties }]) => {
      const [{ Principal, Condition }] = Properties.AssumeRolePolicyDocument.Statement;
      return Condition ? [{ id, service: Principal.Service }] : [];
    });
    expect([...new Set(asked.map(({ service }) => service))].sort()).toEqual([
      'ecs-tasks.amazonaws.com',
      'scheduler.amazonaws.com',
    ]);
    expect(asked.filter(({ id }) => id.includes('ExecutionRole'))).toEqual([]);
  });

  it('a key of which a request has several values is asked with a set operator, or nothing fits', () => {
    const several = ['kms:ResourceAliases', 'aws:TagKeys', 'aws:CalledVia', 'aws:PrincipalServiceNamesList'];
    const asked = roles
      .flatMap(({ rights }) => rights)
      .flatMap(({ condition }) => Object.entries(condition))
      .filter(([, keys]) => Object.keys(keys).some((key) => several.includes(key)))
      .map(([operator]) => operator);
    expect(asked).toEqual(asked.map(() => expect.stringMatching(/^For(Any|All)Value/)));
    expect(asked).toHaveLength(of === kms ? 1 : 0);
  });

  it.each(['backup', 'restore', 'drill'])(
    'the Lambda that starts a %s runs and hands over only the tasks and roles of that job',
    (job) => {
      const lambda = workers.find(({ name }) => name.endsWith(job === 'restore' ? '-restore' : `-start-${job}`));
      const families = workers
        .map(({ name }) => name)
        .filter((name) => new RegExp(`-${job}-(database|media)$`).test(name));
      const run = lambda?.rights.filter(({ actions }) => actions.includes('ecs:RunTask')) ?? [];
      expect(
        run.flatMap(({ resources }) => resources.map((arn) => arn.replace(/.*task-definition\//, ''))).sort(),
      ).toEqual(families.map((family) => `${family}:*`).sort());
      expect(run.every(({ condition }) => 'ecs:cluster' in (condition.ArnEquals ?? {}))).toBe(true);
      const passed = lambda?.rights
        .filter(({ actions }) => actions.includes('iam:PassRole'))
        .flatMap(({ resources }) => resources);
      const own = families.map((family) => `<${rolesOf(of)[family]}.Arn>`);
      expect(passed?.filter((arn) => !arn.includes('ExecutionRole')).sort()).toEqual(own.sort());
    },
  );

  it('only those may run tasks or hand over roles', () => {
    const running = workers.filter(({ rights }) =>
      rights.some(({ actions }) => actions.some((action) => /RunTask|PassRole/.test(action))),
    );
    expect(running.map(({ name }) => name.replace(/respaldo-\w+?-/, '')).sort()).toEqual([
      'restore',
      'start-backup',
      'start-drill',
    ]);
  });

  it('task-stopped may read every stream of the tasks’ log', () => {
    const rights = workers.find(({ name }) => name.endsWith('task-stopped'))?.rights ?? [];
    const read = rights.filter(({ actions }) => actions.includes('logs:GetLogEvents'));
    const [, group] = resourcesOf(of, 'AWS::Logs::LogGroup').find(([id]) => id.startsWith('TaskLog')) ?? [];
    // The log group's Arn attribute ends with ":*", which in front of ":log-stream:" would match no stream.
    expect(read.flatMap(({ resources }) => resources)).toEqual([
      expect.stringMatching(
        new RegExp(`^arn:[^:]+(::[^:]+)?:logs:.*:log-group:${group?.Properties.LogGroupName}:log-stream:\\*$`),
      ),
    ]);
  });
});

describe('keys of KMS', () => {
  const ids = { now: '1', older: '2', media: '3' };
  const key = (name: keyof typeof ids) =>
    `arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-00000000000${ids[name]}`;
  const of = template({
    env: 'x',
    environments: {
      x: {
        ...least,
        media: [{ bucket: 'crm-media', bucketKeyArn: key('media') }],
        vault: { encryption: key('now'), formerKeys: [key('older')] },
      },
    },
  });
  const decrypts = (name: string, which: keyof typeof ids) =>
    allows(rightsOf(of, `respaldo-x-${name}`), { action: 'kms:Decrypt', resource: key(which) });
  const encrypts = (name: string, which: keyof typeof ids) =>
    allows(rightsOf(of, `respaldo-x-${name}`), { action: 'kms:GenerateDataKey', resource: key(which) });

  it.each(['restore-database', 'drill-database', 'restore-media', 'drill-media', 'restore', 'check', 'widget'])(
    'of older backups still open them for %s, and close nothing new',
    (name) => {
      expect([decrypts(name, 'now'), decrypts(name, 'older'), encrypts(name, 'older')]).toEqual([true, true, false]);
    },
  );

  it('of older backups are none of a backup’s business', () => {
    expect([decrypts('backup-database', 'older'), encrypts('backup-database', 'now')]).toEqual([false, true]);
  });

  it('of media files open them for a backup, and for a restore close them again', () => {
    expect([decrypts('backup-media', 'media'), encrypts('backup-media', 'media')]).toEqual([true, false]);
    expect([decrypts('restore-media', 'media'), encrypts('restore-media', 'media')]).toEqual([true, true]);
    expect([decrypts('drill-media', 'media'), decrypts('backup-database', 'media')]).toEqual([false, false]);
  });

  it('are asked of nobody where S3 encrypts, but for those of older backups', () => {
    const again = template({ env: 'x', environments: { x: { ...least, vault: { formerKeys: [key('older')] } } } });
    const rights = rightsOf(again, 'respaldo-x-restore-database');
    expect(allows(rights, { action: 'kms:Decrypt', resource: key('older') })).toBe(true);
    expect(rights.flatMap(({ actions }) => actions).filter((action) => action.startsWith('kms:'))).toHaveLength(1);
  });
});

it('each target’s roles reach only that target', () => {
  const [crm, shop] = ['crm', 'shop'].map((name) => rightsOf(kms, `respaldo-x-${name}-backup-database`));
  const key = (name: string) => `<${resourcesOf(kms, 'AWS::S3::Bucket')[0]?.[0]}.Arn>/backups/${name}/database/x`;
  expect(allows(crm ?? [], { action: 's3:PutObject', resource: key('crm'), context: once })).toBe(true);
  expect(allows(crm ?? [], { action: 's3:PutObject', resource: key('shop'), context: once })).toBe(false);
  expect(allows(shop ?? [], { action: 's3:PutObject', resource: key('shop'), context: once })).toBe(true);
});

function onVault(rights: readonly Statement[], of: Template = prod): Statement[] {
  const [id] = resourcesOf(of, 'AWS::S3::Bucket')[0] ?? [];
  return rights
    .filter(({ resources }) => resources.some((resource) => resource.startsWith(`<${id}.Arn>`) || resource === '*'))
    .filter(({ actions }) => actions.some((action) => action.startsWith('s3:')));
}

it('on Spot, task-stopped may start again what is interrupted, and no restore', () => {
  const spot = template({ env: 's', environments: { s: { ...least, capacity: 'SPOT', media: [{ bucket: 'm-m' }] } } });
  const run = rightsOf(spot, 'respaldo-s-task-stopped').filter(({ actions }) => actions.includes('ecs:RunTask'));
  expect(run.flatMap(({ resources }) => resources.map((arn) => arn.replace(/.*task-definition\//, ''))).sort()).toEqual(
    ['backup-database:*', 'backup-media:*', 'drill-database:*', 'drill-media:*'].map((name) => `respaldo-s-${name}`),
  );
});
