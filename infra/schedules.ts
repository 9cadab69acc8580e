import { Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deployedName } from '../core/deployed/deployment.js';
import type { RespaldoFunction } from './respaldo-function.js';
import { allow } from './rights.js';

export interface SchedulesProps {
  readonly environment: string;
  readonly zone: string;
  readonly deadLetters: IQueue;
}

/** What runs by itself, in the environment's own time zone. */
export class Schedules extends Construct {
  private readonly group: ScheduleGroup;
  private readonly role: Role;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: SchedulesProps,
  ) {
    super(scope, id);
    const stack = Stack.of(this);
    const scheduleGroupName = deployedName(props.environment, 'schedules');
    const groupArn = stack.formatArn({
      service: 'scheduler',
      resource: 'schedule-group',
      resourceName: scheduleGroupName,
    });
    this.group = new ScheduleGroup(this, 'Group', { scheduleGroupName });
    this.role = new Role(this, 'Role', {
      description: 'Calls the Lambdas by the schedules',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': groupArn } },
      }),
    });
    allow(this.role, [{ actions: ['sqs:SendMessage'], resources: [props.deadLetters.queueArn] }]);
  }

  /** Calls a Lambda by a schedule; an expression of false is a schedule that is switched off, and not made. */
  add(
    name: string,
    expression: string | false,
    lambda: RespaldoFunction,
    input: Readonly<Record<string, string>> = {},
  ): void {
    if (expression === false) return;
    const { zone, deadLetters } = this.props;
    allow(this.role, [{ actions: ['lambda:InvokeFunction'], resources: [lambda.lambda.functionArn] }]);
    new Schedule(this, name, {
      scheduleName: name,
      scheduleGroup: this.group,
      schedule: ScheduleExpression.expression(expression, TimeZone.of(zone)),
      target: new LambdaInvoke(lambda.lambda, {
        // Both together name the run: the Scheduler may deliver it twice.
        input: ScheduleTargetInput.fromObject({
          ...input,
          schedule: ContextAttribute.scheduleArn,
          due: ContextAttribute.scheduledTime,
        }),
        // Its rights stand above: CDK's own would reach every version of the function.
        role: this.role.withoutPolicyUpdates(),
        deadLetterQueue: deadLetters,
        retryAttempts: 3,
        maxEventAge: Duration.hours(1),
      }),
    });
  }
}
