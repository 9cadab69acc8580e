import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { folderOf } from '../core/archive-name.js';
import type { Right } from './rights.js';
import type { DatabaseSettings } from './settings/schema.js';
import type { Target, TargetContext } from './target.js';
import { vaultPrefix } from './vault.js';

/** Where container/Dockerfile puts those of RDS's authorities. */
const rdsCertificates = '/etc/ssl/certs/rds.pem';

/** A database: the tasks that back it up, restore it, and prove its backups. */
export function databaseTarget(context: TargetContext, database: DatabaseSettings): Target {
  const { tasks, network, vault, bus, variables, drill } = context;
  const { target, host, port, name, cpu, memory, securityGroup, tasks: together } = database;
  const kind = 'database' as const;
  const { assertions = drill?.assertions } = database;
  // EC2 takes no other letters than ASCII's there, a database's name has any.
  network.allowTo(securityGroup, port, `respaldo backs up and restores a database ${target}`.trim());
  const folder = `${vaultPrefix}${folderOf(kind, target)}`;
  const login = mayLogIn(tasks, database);
  const common = {
    ...{ kind, target, cpu, memory, tasks: together },
    variables: {
      ...variables,
      ...(target === '' ? {} : { BACKUP_TARGET: target }),
      ...loginVariables(database),
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: name,
      PGSSLMODE: database.sslMode,
      ...(database.sslMode === 'verify-full' ? { PGSSLROOTCERT: rdsCertificates } : {}),
      BACKUP_FORMAT: database.format,
      BACKUP_COMPRESSION: database.compression,
    },
  };
  return {
    kind,
    target,
    replaces: name,
    schedule: database.schedule,
    maxAgeHours: database.maxAgeHours,
    backup: tasks.define({
      ...common,
      job: 'backup',
      command: ['backup', '--database'],
      rights: [...login, ...vault.mayCreate(folder), bus.mayAnnounce()],
    }),
    restore: tasks.define({
      ...common,
      job: 'restore',
      command: ['restore', '--list'],
      rights: [...login, ...vault.mayList(folder), ...vault.mayRead(folder), bus.mayAnnounce()],
    }),
    drill:
      drill &&
      tasks.define({
        ...{ kind, target, cpu: drill.cpu, memory: drill.memory, disk: drill.disk },
        job: 'drill',
        command: ['drill'],
        // Nothing of the live database: neither its address nor its password. The assertions come with the definition: no
        // right to read them from elsewhere, and no file that could be missing when the drill is due.
        variables: {
          ...variables,
          ...(target === '' ? {} : { BACKUP_TARGET: target }),
          ...(assertions === undefined ? {} : { BACKUP_DRILL_ASSERTIONS: assertions }),
          ...(drill.asSuperuser ? { BACKUP_DRILL_AS_SUPERUSER: 'true' } : {}),
        },
        rights: [...vault.mayList(folder), ...vault.mayRead(folder), ...vault.mayRecord(folder), bus.mayAnnounce()],
      }),
  };
}

function loginVariables({ secretArn, iamAuthentication }: DatabaseSettings): Record<string, string> {
  if (iamAuthentication) return { BACKUP_DATABASE_IAM_AUTH: 'true', PGUSER: iamAuthentication.user };
  return { BACKUP_DATABASE_SECRET_ARN: secretArn ?? '' };
}

/** To get the password from the secret, or to make a token instead of one. */
function mayLogIn(scope: Construct, { secretArn, secretKeyArn, iamAuthentication }: DatabaseSettings): Right[] {
  if (iamAuthentication) {
    const { user, resourceId } = iamAuthentication;
    const resource = Stack.of(scope).formatArn({
      service: 'rds-db',
      resource: 'dbuser',
      resourceName: `${resourceId}/${user}`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    return [{ actions: ['rds-db:connect'], resources: [resource] }];
  }
  return [
    { actions: ['secretsmanager:GetSecretValue'], resources: [secretArn ?? ''] },
    ...(secretKeyArn ? [{ actions: ['kms:Decrypt'], resources: [secretKeyArn] }] : []),
  ];
}
