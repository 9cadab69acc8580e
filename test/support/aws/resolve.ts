import { account, region } from './clients.js';
import type { Template } from './stack.js';

/** Turns a value of a template into what it is once deployed. */
export type Resolve = <Value>(value: Value) => Value;

/** The ARN of a resource, where moto's physical id is not one itself. */
const arns: Readonly<Record<string, (id: string) => string>> = {
  'AWS::CloudWatch::Alarm': (id) => `arn:aws:cloudwatch:${region}:${account}:alarm:${id}`,
  'AWS::ECS::Cluster': (id) => `arn:aws:ecs:${region}:${account}:cluster/${id}`,
  'AWS::Events::EventBus': (id) => `arn:aws:events:${region}:${account}:event-bus/${id}`,
  'AWS::IAM::Role': (id) => `arn:aws:iam::${account}:role/${id}`,
  'AWS::Lambda::Function': (id) => `arn:aws:lambda:${region}:${account}:function:${id}`,
  'AWS::Logs::LogGroup': (id) => `arn:aws:logs:${region}:${account}:log-group:${id}:*`,
  'AWS::S3::Bucket': (id) => `arn:aws:s3:::${id}`,
  'AWS::SQS::Queue': (id) => `arn:aws:sqs:${region}:${account}:${id.split('/').pop()}`,
};

/** @param ids the deployed resources' physical ids, by their ids in the template; read anew at each call */
export function resolver(template: Template, stack: string, ids: ReadonlyMap<string, string>): Resolve {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': account,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackName': stack,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const ref = (id: string) => pseudo[id] ?? ids.get(id) ?? `unresolved-${id}`;
  const attribute = ([id = '', name = '']: readonly string[]) => {
    const toArn = name === 'Arn' ? arns[template.Resources[id]?.Type ?? ''] : undefined;
    return toArn ? toArn(ref(id)) : ref(id);
  };
  const call = (name: string, argument: unknown): unknown => {
    switch (name) {
      case 'Ref':
        return ref(argument as string);
      case 'Fn::GetAtt':
        return attribute(argument as string[]);
      case 'Fn::Join': {
        const [separator, parts] = argument as [string, unknown];
        return (resolve(parts) as unknown[]).join(separator);
      }
      case 'Fn::Select': {
        const [index, list] = argument as [number, unknown];
        return (resolve(list) as unknown[])[index];
      }
      case 'Fn::Split': {
        const [separator, text] = argument as [string, unknown];
        return (resolve(text) as string).split(separator);
      }
      default:
        return undefined;
    }
  };
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value);
    const [[name, argument] = ['', undefined]] = entries;
    const isCall = entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'));
    return isCall ? call(name, argument) : Object.fromEntries(entries.map(([key, each]) => [key, resolve(each)]));
  };
  return <Value>(value: Value) => resolve(value) as Value;
}
