import { ArnFormat, Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  Cluster,
  type ContainerImage,
  ContainerInsights,
  FargateTaskDefinition,
  LogDriver,
  Secret as TaskSecret,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Kind } from '../core/archive-name.js';
import {
  containerName,
  deployedName,
  type Job,
  taskFamily,
  taskLogPrefix,
  tasksPort,
} from '../core/deployed/deployment.js';
import { allowPull, containerImage, drillImage, runtimePlatform } from './image.js';
import type { Network } from './network.js';
import { allow, type Right } from './rights.js';
import type { EnvironmentSettings } from './settings/schema.js';

export interface TasksProps {
  readonly environment: string;
  readonly settings: EnvironmentSettings;
  readonly network: Network;
  readonly logGroup: LogGroup;
}

export interface TaskProps {
  readonly job: Job;
  readonly kind: Kind;
  readonly target: string;
  readonly cpu: number;
  readonly memory: number;
  readonly command: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** What the program may do in AWS. */
  readonly rights: readonly Right[];
  readonly files?: FilesProps;
  /** So many tasks share the work; they start each other. @default 1 */
  readonly tasks?: number;
  /** GiB of disk, where the 20 that every task has are not enough. */
  readonly disk?: number;
}

/** An EFS file system, mounted for the program. */
export interface FilesProps {
  readonly fileSystem: string;
  readonly accessPoint: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** One task definition, and the role that its program works with. */
export interface Task {
  readonly definition: FargateTaskDefinition;
  readonly role: Role;
}

/** The cluster, and all that can run in it: for each target and job one task definition with a role of its own. */
export class Tasks extends Construct {
  readonly cluster: Cluster;
  readonly executionRole: Role;
  private readonly image: ContainerImage;
  private drillImage: ContainerImage | undefined;
  private readonly secrets: Record<string, TaskSecret>;
  private commonSecret: TaskSecret | undefined;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: TasksProps,
  ) {
    super(scope, id);
    const { environment, settings, network, logGroup } = props;
    this.cluster = new Cluster(this, 'Cluster', {
      clusterName: deployedName(environment, 'tasks'),
      vpc: network.vpc,
      enableFargateCapacityProviders: true,
      containerInsightsV2: ContainerInsights.DISABLED,
    });
    Validations.of(this.cluster).acknowledge({
      id: 'AwsSolutions-ECS4',
      reason: 'Tasks run minutes a day and tell what they do in their log; the metrics would cost more than the tasks.',
    });
    this.executionRole = new Role(this, 'ExecutionRole', {
      description: 'Starts tasks: pulls the image, writes the log',
      // Without a condition: for this role, other than for the tasks' own, AWS documents none that ECS would meet.
      // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    allowPull(this.executionRole, settings);
    Validations.of(this.executionRole).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'ecr:GetAuthorizationToken, which signs in to the registry, knows no resource.',
    });
    logGroup.grantWrite(this.executionRole);
    this.image = containerImage(settings);
    const dsn = settings.alerts.sentryDsnSecretArn;
    this.secrets = dsn
      ? { SENTRY_DSN: TaskSecret.fromSecretsManager(Secret.fromSecretCompleteArn(this, 'SentryDsn', dsn)) }
      : {};
  }

  define({ job, kind, target, cpu, memory, command, variables, rights, files, disk, tasks = 1 }: TaskProps): Task {
    const { environment, settings, logGroup } = this.props;
    const family = taskFamily(environment, job, { kind, target });
    const scope = new Construct(this, `${target}${job}-${kind}`);
    const role = new Role(scope, 'Role', {
      description: `What the program may do for: ${job} ${kind} ${target}`.trim(),
      assumedBy: tasksPrincipal(this),
    });
    allow(role, rights);
    const definition = new FargateTaskDefinition(scope, 'Definition', {
      family,
      cpu,
      memoryLimitMiB: memory,
      taskRole: role,
      executionRole: this.executionRole,
      runtimePlatform: runtimePlatform(settings),
      ...(disk === undefined ? {} : { ephemeralStorageGiB: disk }),
    });
    const container = definition.addContainer('Container', {
      containerName,
      image: job === 'drill' && kind === 'database' ? this.imageOfDrills() : this.image,
      command: [...command],
      environment: { ...variables, ...(tasks > 1 ? this.togetherVariables(job, tasks) : {}), BACKUP_LOG: 'json' },
      secrets: { ...this.secrets, ...(tasks > 1 ? { BACKUP_TASKS_SECRET: this.secretOfTasks() } : {}) },
      // Nobody can change the program in place. What it writes goes to S3, to the database, or to /tmp.
      readonlyRootFilesystem: true,
      // Two minutes is what Fargate allows at most; the program needs seconds to leave nothing half-done.
      stopTimeout: Duration.seconds(120),
      logging: LogDriver.awsLogs({ logGroup, streamPrefix: taskLogPrefix(job, { kind, target }) }),
    });
    Validations.of(definition).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason:
        'Names, addresses and assertions in SQL only. Passwords come from Secrets Manager, asked for by the program itself.',
    });
    definition.addVolume({ name: 'tmp' });
    container.addMountPoints({ sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false });
    if (files) {
      definition.addVolume({
        name: 'files',
        efsVolumeConfiguration: {
          fileSystemId: files.fileSystem,
          transitEncryption: 'ENABLED',
          authorizationConfig: { accessPointId: files.accessPoint, iam: 'ENABLED' },
        },
      });
      container.addMountPoints({ sourceVolume: 'files', containerPath: files.path, readOnly: files.readOnly });
    }
    if (tasks > 1) allow(role, this.mayRun([{ definition, role }]));
    return { definition, role };
  }

  /** To run just these task definitions, in every revision, in this cluster, and to hand them just their roles. */
  mayRun(run: readonly Task[]): Right[] {
    const definitionArn = (family: string) =>
      Stack.of(this).formatArn({
        service: 'ecs',
        resource: 'task-definition',
        resourceName: `${family}:*`,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      });
    return [
      {
        actions: ['ecs:RunTask'],
        resources: run.map(({ definition }) => definitionArn(definition.family)),
        conditions: { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } },
        wildcard: 'A deployment makes a new revision of a task definition; its family is fixed.',
      },
      {
        actions: ['iam:PassRole'],
        resources: [...run.map(({ role }) => role.roleArn), this.executionRole.roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      },
    ];
  }

  /** How a task starts others that share its work, and is reached by them. */
  private togetherVariables(job: Job, tasks: number): Record<string, string> {
    const { network, settings } = this.props;
    network.letTasksMeet(tasksPort);
    return {
      BACKUP_TASKS: String(tasks),
      BACKUP_TASKS_PORT: String(tasksPort),
      BACKUP_TASKS_SUBNETS: network.subnets.join(','),
      BACKUP_TASKS_SECURITY_GROUPS: network.securityGroups.join(','),
      BACKUP_TASKS_PUBLIC_ADDRESS: String(network.publicAddress),
      // Somebody waits for a restore.
      BACKUP_TASKS_CAPACITY: settings.capacity === 'SPOT' && job !== 'restore' ? 'FARGATE_SPOT' : 'FARGATE',
    };
  }

  /** One for the environment: tasks of different runs tell each other apart by the run's own id. */
  private secretOfTasks(): TaskSecret {
    if (this.commonSecret) return this.commonSecret;
    const secret = new Secret(this, 'TasksSecret', {
      description: 'By which tasks that share a run know each other',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'It opens nothing but a run’s own port, for minutes, to tasks of the same security group.',
    });
    this.commonSecret = TaskSecret.fromSecretsManager(secret as ISecret); // the two disagree only on whether an absent value may be undefined
    return this.commonSecret;
  }

  /** Made only where databases are drilled: it is larger by the servers. */
  private imageOfDrills(): ContainerImage {
    this.drillImage ??= drillImage(this.props.settings);
    return this.drillImage;
  }
}

/**
 * Only tasks of this account may take the role.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 */
function tasksPrincipal(scope: Construct): ServicePrincipal {
  const { account } = Stack.of(scope);
  return new ServicePrincipal('ecs-tasks.amazonaws.com', {
    conditions: { StringEquals: { 'aws:SourceAccount': account } },
  });
}
