import { CloudWatchClient, PutDashboardCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { EC2Client, ModifyVpcAttributeCommand } from '@aws-sdk/client-ec2';
import { ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import {
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateScheduleCommand, CreateScheduleGroupCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { clientConfig } from './clients.js';
import type { Resolve } from './resolve.js';
import { resourcesOf, type Template } from './stack.js';

/**
 * Moto's CloudFormation makes most resources and silently leaves out properties of some, and some altogether. This puts
 * them in from the template, with the same calls that CloudFormation would make.
 */
export async function fillIn(
  endpoint: string,
  template: Template,
  ids: Map<string, string>,
  resolve: Resolve,
): Promise<void> {
  const config = clientConfig(endpoint);
  const all = (type: string) =>
    resourcesOf(template, type).map(([id, { Properties }]) => ({ id, properties: resolve(Properties) }));

  const ec2 = new EC2Client(config);
  for (const { id } of all('AWS::EC2::VPC')) {
    // Without it, RunTask answers 500.
    await ec2.send(new ModifyVpcAttributeCommand({ VpcId: ids.get(id), EnableDnsHostnames: { Value: true } }));
  }

  const ecs = new ECSClient(config);
  for (const { id, properties } of all('AWS::ECS::TaskDefinition')) {
    const { tags: _, ...definition } = lowerKeys(properties);
    // Moto wants the memory on the container, too.
    for (const container of definition.containerDefinitions) container.memory ??= Number(definition.memory);
    const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand(definition));
    ids.set(id, taskDefinition?.taskDefinitionArn ?? '');
  }

  const s3 = new S3Client({ ...config, forcePathStyle: true });
  for (const { id, properties } of all('AWS::S3::Bucket')) {
    const Bucket = ids.get(id);
    const { VersioningConfiguration, ObjectLockConfiguration, LifecycleConfiguration } = properties;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    if (ObjectLockConfiguration)
      await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    const Rules = LifecycleConfiguration.Rules.map(lifecycleRule);
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  }

  const scheduler = new SchedulerClient(config);
  for (const { properties } of all('AWS::Scheduler::ScheduleGroup')) {
    // Some versions of moto do make groups.
    await scheduler.send(new CreateScheduleGroupCommand(properties)).catch(() => {});
  }
  for (const { properties } of all('AWS::Scheduler::Schedule'))
    await scheduler.send(new CreateScheduleCommand(properties));

  const cloudWatch = new CloudWatchClient(config);
  for (const { id, properties } of all('AWS::CloudWatch::Alarm')) {
    await cloudWatch.send(new PutMetricAlarmCommand(properties));
    ids.set(id, properties.AlarmName);
  }
  for (const { properties } of all('AWS::CloudWatch::Dashboard')) {
    JSON.parse(properties.DashboardBody); // moto takes anything
    await cloudWatch.send(new PutDashboardCommand(properties));
  }
}

interface LifecycleRule {
  readonly Id: string;
  readonly Status: 'Enabled' | 'Disabled';
  readonly Prefix?: string;
  readonly ExpirationInDays?: number;
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: number };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
}

/** CloudFormation's names of a rule, as S3's own. */
function lifecycleRule(rule: LifecycleRule) {
  const {
    Id,
    Status,
    Prefix = '',
    ExpirationInDays,
    NoncurrentVersionExpiration,
    AbortIncompleteMultipartUpload,
  } = rule;
  return {
    ...{ ID: Id, Status, Filter: { Prefix }, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload },
    ...(ExpirationInDays ? { Expiration: { Days: ExpirationInDays } } : {}),
  };
}

/** CloudFormation writes `TaskRoleArn`, ECS `taskRoleArn`; the options of a log driver are names of its own. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is RegisterTaskDefinition's, and checked by moto
function lowerKeys(value: any): any {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      `${key.charAt(0).toLowerCase()}${key.slice(1)}`,
      key === 'Options' ? each : lowerKeys(each),
    ]),
  );
}
