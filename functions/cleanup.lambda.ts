import { announceOn } from '../core/aws/event-bus.js';
import { answered } from './answer.js';
import { cleanUp } from './cleanup.js';
import { wire } from './wiring.js';

const wiring = wire(process.env);
const announce = announceOn(wiring.deployment.bus);

/** Weekly; with { "dryRun": true }, says what it would do. Safe to retry: a removed backup is no longer listed. */
export async function handler(event: unknown) {
  return answered(event, () => cleanUp({ ...wiring, announce, now: new Date() }, event));
}
