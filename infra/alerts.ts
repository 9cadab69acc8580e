import { Stack, Validations } from 'aws-cdk-lib';
import { type EventBus, EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deployedName } from '../core/deployed/deployment.js';
import { eventSource, mailedEvents } from '../core/events.js';

export interface AlertsProps {
  readonly environment: string;
  readonly emails: readonly string[];
  readonly eventBus: EventBus;
  readonly deadLetters: IQueue;
}

/** Where people are told: by each alarm when it changes, and by each failure with its reason. */
export class Alerts extends Construct {
  readonly topic: Topic;
  readonly failureRule: Rule;

  constructor(scope: Construct, id: string, { environment, emails, eventBus, deadLetters }: AlertsProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', {
      topicName: deployedName(environment, 'alerts'),
      displayName: `respaldo ${environment}`,
      enforceSSL: true,
    });
    this.topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    for (const email of emails) this.topic.addSubscription(new EmailSubscription(email));
    if (emails.length === 0) {
      Validations.of(this).addWarning(
        'respaldo:nobody-is-told',
        `environments.${environment}.alerts.emails is empty: alarms reach only what subscribes to the topic by itself`,
      );
    }
    this.failureRule = new Rule(this, 'Failures', {
      eventBus,
      description: 'Tells people of each failed backup, restore and drill, with its reason',
      eventPattern: { source: [eventSource], detailType: [...mailedEvents] },
      targets: [
        new SnsTopic(this.topic, {
          message: failureMessage(environment),
          deadLetterQueue: deadLetters,
          retryAttempts: 24,
        }),
      ],
    });
  }
}

/** What a mail says. EventBridge puts the event's own words in. */
function failureMessage(environment: string): RuleTargetInput {
  const of = (name: string) => EventField.fromPath(`$.detail.${name}`);
  return RuleTargetInput.fromMultilineText(
    [
      `${EventField.fromPath('$.detail-type')} in ${environment}: ${of('kind')} ${of('target')}`,
      `${of('code')}: ${of('reason')}`,
      `Next: ${of('hint')}`,
      `Runbook: ${of('runbook')}`,
      `Log: ${of('log')}`,
    ].join('\n'),
  );
}
