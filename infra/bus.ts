import { EventBus } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { deployedName } from '../core/deployed/deployment.js';
import { eventSource } from '../core/events.js';
import type { Right } from './rights.js';

/** The event bus that tells of every result; anybody may listen. */
export class Bus extends Construct {
  readonly eventBus: EventBus;

  constructor(scope: Construct, id: string, environment: string) {
    super(scope, id);
    this.eventBus = new EventBus(this, 'Bus', {
      eventBusName: deployedName(environment, 'events'),
      description: 'What respaldo has done: backups, restores, cleanups, and what of it failed',
    });
  }

  /** To publish here, under the program's own name only. */
  mayAnnounce(): Right {
    return {
      actions: ['events:PutEvents'],
      resources: [this.eventBus.eventBusArn],
      conditions: { StringEquals: { 'events:source': eventSource } },
    };
  }
}
