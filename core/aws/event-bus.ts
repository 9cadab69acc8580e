import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { asSent, type Event, eventSource } from '../events.js';

/** Tells an event to whoever listens. */
export type Announce = (event: Event) => Promise<void>;

/**
 * Publishes on an EventBridge bus, named by its name or ARN.
 *
 * @returns a function that throws where the bus did not take the event: PutEvents answers 200 for that as well
 */
export function announceOn(bus: string, client = new EventBridgeClient()): Announce {
  return async (event) => {
    const { name, detail } = asSent(event);
    const { FailedEntryCount = 0, Entries = [] } = await client.send(
      new PutEventsCommand({
        Entries: [{ EventBusName: bus, Source: eventSource, DetailType: name, Detail: JSON.stringify(detail) }],
      }),
    );
    if (FailedEntryCount === 0) return;
    const [{ ErrorCode = '', ErrorMessage = '' } = {}] = Entries;
    throw new Error(`event "${name}" not taken by bus ${bus}: ${ErrorCode} ${ErrorMessage}`.trim());
  };
}
