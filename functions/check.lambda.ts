import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { announceOn } from '../core/aws/event-bus.js';
import { check } from './check.js';
import { wire } from './wiring.js';

const wiring = wire(process.env);
const cloudWatch = new CloudWatchClient();
const announce = announceOn(wiring.deployment.bus);

/** Hourly. Measures; the alarms judge. */
export async function handler() {
  return check({ ...wiring, cloudWatch, announce, now: new Date() });
}
