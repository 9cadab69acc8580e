import { Duration } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { RespaldoFunction } from './respaldo-function.js';

export interface TaskEndProps {
  readonly cluster: Cluster;
  readonly taskStopped: RespaldoFunction;
  readonly deadLetters: IQueue;
}

/** ECS tells of every task of the cluster that ends; most of them well. */
export function onTaskEnd(scope: Construct, { cluster, taskStopped, deadLetters }: TaskEndProps): Rule {
  return new Rule(scope, 'TaskEnded', {
    description: 'Hands the end of every task to task-stopped',
    eventPattern: {
      source: ['aws.ecs'],
      detailType: ['ECS Task State Change'],
      detail: { clusterArn: [cluster.clusterArn], lastStatus: ['STOPPED'] },
    },
    targets: [
      new LambdaFunction(taskStopped.lambda, {
        deadLetterQueue: deadLetters,
        retryAttempts: 24,
        maxEventAge: Duration.hours(6),
      }),
    ],
  });
}
