import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { clientConfig } from './clients.js';
import { type Deployed, deploy } from './deploy.js';
import { runAsFargate, type TaskStateChange } from './fargate.js';
import { type Front, openFront, type StartedTask } from './front.js';
import { rolesOf, statementsOf } from './iam.js';
import { type Answer, invoke } from './lambda.js';
import { resourcesOf } from './stack.js';

export type SentEvent = Front['events'][number];

/**
 * One environment, deployed by the CDK's own command line and used like one in AWS. Moto stands in for AWS, a proxy before
 * it judges each request by the deployed policies, and each task that is started runs as a process of this machine.
 */
export class RunningEnvironment {
  readonly bucket: string;
  readonly s3: S3Client;

  private constructor(
    private readonly moto: string,
    private readonly env: string,
    readonly deployed: Deployed,
    private readonly front: Front,
    /** In the order in which they were started. */
    readonly tasks: readonly StartedTask[],
    /** How each of them ends, as ECS tells it. */
    readonly ends: readonly Promise<TaskStateChange>[],
  ) {
    this.s3 = new S3Client({ ...clientConfig(moto), forcePathStyle: true });
    const [bucket] = resourcesOf(deployed.template, 'AWS::S3::Bucket');
    this.bucket = String(deployed.resolve({ Ref: bucket?.[0] }));
  }

  /** @param settings as in cdk.json */
  static async deploy(moto: string, env: string, settings: object): Promise<RunningEnvironment> {
    const deployed = await deploy(moto, env, settings);
    const roles = Object.entries(rolesOf(deployed.template)).map(
      ([worker, role]) =>
        [worker, statementsOf(deployed.template, role, (arn) => String(deployed.resolve(arn)))] as const,
    );
    const tasks: StartedTask[] = [];
    const ends: Promise<TaskStateChange>[] = [];
    const front = await openFront({
      behind: moto,
      roles: new Map(roles),
      onTask: (task) => {
        tasks.push(task);
        ends.push(runAsFargate(task, moto, front.endpoint));
      },
    });
    return new RunningEnvironment(moto, env, deployed, front, tasks, ends);
  }

  /** What programs told the bus, in order. */
  get events(): readonly SentEvent[] {
    return this.front.events;
  }

  /** Requests that went beyond what their role may. */
  get denied(): readonly string[] {
    return this.front.denied;
  }

  /** As the stack names what is in it. */
  name(of: string): string {
    return `respaldo-${this.env}-${of}`;
  }

  call(lambda: string, event: unknown, requestId?: string): Promise<Answer> {
    return invoke(this.deployed, this.moto, this.front.endpoint, this.name(lambda), event, requestId);
  }

  async keys(prefix: string): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: this.bucket, Prefix: prefix }));
    return Contents.map(({ Key = '' }) => Key);
  }

  /** What the Scheduler sends when a schedule is due. */
  async due(schedule: string, time: string): Promise<unknown> {
    const scheduler = new SchedulerClient(clientConfig(this.moto));
    const { Target, Arn = '' } = await scheduler.send(
      new GetScheduleCommand({ GroupName: this.name('schedules'), Name: schedule }),
    );
    const input = Target?.Input ?? '{}';
    return JSON.parse(
      input.replaceAll('<aws.scheduler.schedule-arn>', Arn).replaceAll('<aws.scheduler.scheduled-time>', time),
    );
  }

  /** Sends an event of ours to the Lambdas that the deployed rules of the bus lead it to: moto delivers none. */
  async deliver({ name: detailType, detail }: SentEvent): Promise<Answer[]> {
    const event = { source: 'respaldo', 'detail-type': detailType, detail };
    const bus = { EventBusName: this.name('events') };
    const rules = new EventBridgeClient(clientConfig(this.moto));
    const { Rules = [] } = await rules.send(new ListRulesCommand(bus));
    const matching = Rules.filter(({ EventPattern = '{}' }) =>
      Object.entries(JSON.parse(EventPattern)).every(
        ([key, allowed]) => Array.isArray(allowed) && allowed.includes(event[key as keyof typeof event]),
      ),
    );
    const answers: Answer[] = [];
    for (const { Name: Rule } of matching) {
      const { Targets = [] } = await rules.send(new ListTargetsByRuleCommand({ Rule, ...bus }));
      for (const { Arn = '' } of Targets) {
        const lambda = /:function:respaldo-[^-]+-([^:]+)$/.exec(Arn)?.[1];
        if (lambda) answers.push(await this.call(lambda, event));
      }
    }
    return answers;
  }

  /** Waits for the task that was started last, and tells task-stopped of its end. */
  async ended(): Promise<{ end: TaskStateChange; outcome: Answer }> {
    const end = await this.ends.at(-1);
    if (!end) throw new Error('no task was started');
    return { end, outcome: await this.call('task-stopped', { detail: end }) };
  }

  async remove(): Promise<void> {
    await Promise.allSettled(this.ends);
    await this.front.close();
    await this.deployed.remove();
  }
}
