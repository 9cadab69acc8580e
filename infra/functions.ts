import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { folderOf, manifestSuffix } from '../core/archive-name.js';
import type { Deployment } from '../core/deployed/deployment.js';
import { incidentsPrefix } from '../core/deployed/incidents.js';
import { metricNamespace } from '../core/deployed/metrics.js';
import type { Bus } from './bus.js';
import { RespaldoFunction } from './respaldo-function.js';
import type { Right } from './rights.js';
import type { Target } from './target.js';
import type { Tasks } from './tasks.js';
import { type Vault, vaultPrefix } from './vault.js';

export interface FunctionsProps {
  readonly deployment: Deployment;
  readonly targets: readonly Target[];
  readonly tasks: Tasks;
  readonly vault: Vault;
  readonly bus: Bus;
  readonly deadLetters: IQueue;
}

/** The Lambdas, each with just the rights that its work needs. */
export class Functions extends Construct {
  readonly startBackup: RespaldoFunction;
  readonly restore: RespaldoFunction;
  readonly cleanup: RespaldoFunction;
  readonly check: RespaldoFunction;
  readonly taskStopped: RespaldoFunction;
  readonly widget: RespaldoFunction;
  /** Undefined where nothing is drilled. */
  readonly startDrill: RespaldoFunction | undefined;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const { targets, tasks, vault, bus, deployment } = props;
    const common = { deployment, deadLetters: props.deadLetters };
    const folders = targets.map(({ kind, target }) => `${vaultPrefix}${folderOf(kind, target)}`);
    const mayList = folders.flatMap((folder) => vault.mayList(folder));
    const mayReadManifests = folders.flatMap((folder) => vault.mayRead(folder, manifestSuffix));
    const mayReadProofs = folders.flatMap((folder) => vault.mayRead(folder, '.verified*.json'));

    this.startBackup = new RespaldoFunction(this, 'StartBackup', {
      ...common,
      name: 'start-backup',
      description: 'Starts backup tasks: { "kind": "database" | "media" | "full", "target"?: … }',
      timeout: Duration.minutes(2),
      rights: tasks.mayRun(targets.map(({ backup }) => backup)),
    });
    this.restore = new RespaldoFunction(this, 'Restore', {
      ...common,
      name: 'restore',
      description: 'Restores a backup. Send {} to see what there is; nothing is replaced without "confirm".',
      timeout: Duration.minutes(2),
      rights: [
        ...tasks.mayRun(targets.map(({ restore }) => restore)),
        ...mayList,
        ...mayReadManifests,
        ...vault.mayList(incidentsPrefix),
        ...vault.mayRead(incidentsPrefix),
        ...maySeeSchedules(this, deployment),
      ],
    });
    this.cleanup = new RespaldoFunction(this, 'Cleanup', {
      ...common,
      name: 'cleanup',
      description: 'Removes what retention does not keep; { "dryRun": true } only says what.',
      timeout: Duration.minutes(5),
      rights: [...mayList, ...folders.flatMap((folder) => vault.mayRemove(folder)), bus.mayAnnounce()],
    });
    this.check = new RespaldoFunction(this, 'Check', {
      ...common,
      name: 'check',
      description: 'Measures how old and how large the newest good backups are.',
      timeout: Duration.minutes(5),
      rights: [...mayList, ...mayReadManifests, ...mayReadProofs, mayMeasure, bus.mayAnnounce()],
    });
    const drills = targets.flatMap(({ drill }) => drill ?? []);
    this.startDrill =
      drills.length === 0
        ? undefined
        : new RespaldoFunction(this, 'StartDrill', {
            ...common,
            name: 'start-drill',
            description:
              'Proves backups by restoring them aside: { "backup": "latest" | id, "kind"?: …, "target"?: … }',
            timeout: Duration.minutes(2),
            rights: tasks.mayRun(drills),
          });
    this.taskStopped = new RespaldoFunction(this, 'TaskStopped', {
      ...common,
      name: 'task-stopped',
      description: 'Tells of tasks that ended without what they were to do.',
      timeout: Duration.minutes(2),
      rights: [
        ...mayList,
        ...vault.mayCreate(incidentsPrefix),
        ...vault.mayRead(incidentsPrefix),
        {
          actions: ['logs:GetLogEvents'],
          resources: [logStreams(this, deployment)],
          wildcard: 'Each task writes a stream of its own into this one log group.',
        },
        mayMeasure,
        bus.mayAnnounce(),
        // What Spot interrupts is started again.
        ...(deployment.spot ? tasks.mayRun([...targets.map(({ backup }) => backup), ...drills]) : []),
      ],
    });
    this.widget = new RespaldoFunction(this, 'Widget', {
      ...common,
      name: 'widget',
      description: 'Shows the dashboard whether the backups are safe, and offers restores. Reads only.',
      timeout: Duration.minutes(1),
      rights: [
        ...mayList,
        // Manifests, and the records of drills.
        ...folders.flatMap((folder) => vault.mayRead(folder, '.json')),
        ...vault.mayList(incidentsPrefix),
        ...vault.mayRead(incidentsPrefix),
      ],
    });
  }

  get all(): readonly RespaldoFunction[] {
    const { startBackup, restore, cleanup, check, taskStopped, startDrill } = this;
    return [startBackup, restore, cleanup, check, taskStopped, ...(startDrill ? [startDrill] : [])];
  }
}

/** The ARN of every stream of the tasks' log. The log group's own ARN ends with `:*` and would match no stream. */
function logStreams(scope: Construct, { logGroup }: Deployment): string {
  return Stack.of(scope).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: `${logGroup}:log-stream:*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

const mayMeasure: Right = {
  actions: ['cloudwatch:PutMetricData'],
  resources: ['*'],
  conditions: { StringEquals: { 'cloudwatch:namespace': metricNamespace } },
  wildcard: 'cloudwatch:PutMetricData knows no resource; the condition holds it to our namespace.',
};

function maySeeSchedules(scope: Construct, { scheduleGroup }: Deployment): Right[] {
  const arn = (resource: string, resourceName: string) =>
    Stack.of(scope).formatArn({ service: 'scheduler', resource, resourceName });
  return [
    {
      actions: ['scheduler:ListSchedules'],
      resources: [arn('schedule', '*/*')],
      wildcard: 'scheduler:ListSchedules is granted on all schedules or on none; it tells names only.',
    },
    {
      actions: ['scheduler:GetSchedule'],
      resources: [arn('schedule', `${scheduleGroup}/*`)],
      wildcard: 'All schedules of the environment’s own group.',
    },
    {
      actions: ['cloudwatch:GetMetricData'],
      resources: ['*'],
      wildcard: 'cloudwatch:GetMetricData knows no resource; it reads numbers.',
    },
  ];
}
