import { Duration } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { eventSource } from '../core/events.js';
import type { RespaldoFunction } from './respaldo-function.js';

export interface BackupCompletedProps {
  readonly eventBus: EventBus;
  readonly startDrill: RespaldoFunction;
  readonly deadLetters: IQueue;
}

/** Has every new backup proven at once. */
export function onBackupCompleted(scope: Construct, { eventBus, startDrill, deadLetters }: BackupCompletedProps): Rule {
  return new Rule(scope, 'BackupCompleted', {
    eventBus,
    description: 'Starts a drill of each new backup',
    eventPattern: { source: [eventSource], detailType: ['Backup Completed'] },
    targets: [
      new LambdaFunction(startDrill.lambda, {
        deadLetterQueue: deadLetters,
        retryAttempts: 24,
        maxEventAge: Duration.hours(6),
      }),
    ],
  });
}
