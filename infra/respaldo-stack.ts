import { Duration, RemovalPolicy, Stack, Tags, Validations } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type Deployment, deployedName, taskLogPrefix } from '../core/deployed/deployment.js';
import { parseKeep } from '../core/retention.js';
import { Alarms } from './alarms.js';
import { Alerts } from './alerts.js';
import { Bus } from './bus.js';
import { RespaldoDashboard } from './dashboard.js';
import { databaseTarget } from './database-target.js';
import { Functions } from './functions.js';
import { mediaTarget } from './media-target.js';
import { Network } from './network.js';
import { onBackupCompleted } from './on-backup.js';
import { onTaskEnd } from './on-task-end.js';
import { outputs } from './outputs.js';
import { Replication } from './replication.js';
import { Rhythm } from './rhythm.js';
import { Schedules } from './schedules.js';
import { assertRoom } from './settings/room.js';
import type { EnvironmentSettings } from './settings/schema.js';
import { givenVariables } from './settings/variables.js';
import { Tasks } from './tasks.js';
import { Vault, vaultPrefix } from './vault.js';

export interface RespaldoStackProps {
  /** The environment's name. */
  readonly environment: string;
  readonly settings: EnvironmentSettings;
  readonly now: Date;
}

/** One environment: what stores, what runs, what starts it, and what tells when it fails. */
export class RespaldoStack extends Stack {
  constructor(scope: Construct, id: string, { environment, settings, now }: RespaldoStackProps) {
    super(scope, id, {
      description: `Backups of PostgreSQL databases and media files: ${environment}`,
      env: {
        ...(settings.account ? { account: settings.account } : {}),
        ...(settings.region ? { region: settings.region } : {}),
      },
    });
    Tags.of(this).add('respaldo', environment);

    const vault = new Vault(this, 'Vault', settings.vault);
    const replica = settings.vault.replication?.region;
    const replicationFailures =
      replica === undefined
        ? undefined
        : new Replication(this, 'Replication', { environment, vault, region: replica }).failures;
    const bus = new Bus(this, 'Events', environment);
    const network = new Network(this, 'Network', settings.network);
    // As text, not as what CloudFormation puts in: links have it encoded.
    const logGroupName = `/respaldo/${environment}/tasks`;
    const taskLog = new LogGroup(this, 'TaskLog', {
      logGroupName,
      retention: RetentionDays.SIX_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const tasks = new Tasks(this, 'Tasks', { environment, settings, network, logGroup: taskLog });
    const isDrilled = settings.schedules.drill !== false || settings.drill.afterBackup;
    const context = {
      drill: isDrilled ? settings.drill : undefined,
      tasks,
      network,
      vault,
      bus,
      variables: {
        ...givenVariables(settings.variables),
        BACKUP_STORAGE: 's3',
        AWS_S3_BUCKET_NAME: vault.bucket.bucketName,
        AWS_S3_REGION_NAME: this.region,
        BACKUP_S3_PREFIX: vaultPrefix,
        // The bucket's own encryption applies to every object.
        BACKUP_S3_SSE: 'none',
        BACKUP_ENVIRONMENT: environment,
        BACKUP_EVENT_BUS: bus.eventBus.eventBusName,
        // task-stopped tells of failures, as it also sees those that the program itself cannot tell of.
        BACKUP_EVENTS: 'completed',
      },
    };
    const targets = [
      ...settings.databases.map((database) => databaseTarget(context, database)),
      ...settings.media.map((media) => mediaTarget(context, media)),
    ];

    const deadLetters = new Queue(this, 'DeadLetters', {
      queueName: deployedName(environment, 'dead-letters'),
      retentionPeriod: Duration.days(14),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    Validations.of(deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This is the dead-letter queue itself; an alarm watches it.',
    });
    const rhythm = new Rhythm(settings, now);
    const deployment: Deployment = {
      environment,
      zone: settings.zone,
      region: this.region,
      vault: { bucket: vault.bucket.bucketName, prefix: vaultPrefix },
      bus: bus.eventBus.eventBusName,
      cluster: tasks.cluster.clusterName,
      logGroup: logGroupName,
      scheduleGroup: deployedName(environment, 'schedules'),
      runbook: settings.runbook,
      network: {
        subnets: [...network.subnets],
        securityGroups: [...network.securityGroups],
        publicAddress: network.publicAddress,
      },
      spot: settings.capacity === 'SPOT',
      retention: retentionOf(settings),
      ...rhythm.checkHours,
      targets: targets.map((target) => ({
        kind: target.kind,
        target: target.target,
        replaces: target.replaces,
        ...rhythm.maxAgeOf(target),
        ...(target.drill ? { drilled: true } : {}),
        ...rhythm.maxProvenAgeOf(target),
      })),
    };
    assertRoom(deployment);
    const functions = new Functions(this, 'Functions', {
      deployment,
      targets,
      tasks,
      vault,
      bus,
      deadLetters,
    });
    onTaskEnd(this, { cluster: tasks.cluster, taskStopped: functions.taskStopped, deadLetters });

    const schedules = new Schedules(this, 'Schedules', { environment, zone: settings.zone, deadLetters });
    for (const target of targets) {
      const { kind, target: name } = target;
      schedules.add(taskLogPrefix('backup', target), rhythm.scheduleOf(target), functions.startBackup, {
        kind,
        target: name,
      });
    }
    schedules.add('cleanup', settings.schedules.cleanup, functions.cleanup);
    schedules.add('check', settings.schedules.check, functions.check);
    if (functions.startDrill) {
      schedules.add('drill', settings.schedules.drill, functions.startDrill);
      if (settings.drill.afterBackup)
        onBackupCompleted(this, { eventBus: bus.eventBus, startDrill: functions.startDrill, deadLetters });
    }

    const { emails } = settings.alerts;
    const alerts = new Alerts(this, 'Alerts', { environment, emails, eventBus: bus.eventBus, deadLetters });
    const alarms = new Alarms(this, 'Alarms', {
      deployment,
      functions: functions.all,
      deadLetters,
      replicationFailures,
      topic: alerts.topic,
    });
    new RespaldoDashboard(this, 'Overview', {
      deployment,
      alarms: alarms.all,
      widget: functions.widget,
      schedules: [
        ...targets.map((target) => ({ name: taskLogPrefix('backup', target), expression: rhythm.scheduleOf(target) })),
        { name: 'cleanup', expression: settings.schedules.cleanup },
        { name: 'check', expression: settings.schedules.check },
        ...(functions.startDrill ? [{ name: 'drill', expression: settings.schedules.drill }] : []),
      ].flatMap(({ name, expression }) => (expression === false ? [] : [{ name, expression }])),
      prices: settings.prices,
    });
    outputs(this, deployment);
  }
}

function retentionOf({ retention: { days, keep } }: EnvironmentSettings): Deployment['retention'] {
  const parsed = keep === undefined ? undefined : parseKeep(keep);
  return {
    ...(days === undefined ? {} : { days }),
    ...(typeof parsed === 'object' ? { keep: parsed } : {}),
  };
}
