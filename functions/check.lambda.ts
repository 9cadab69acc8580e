import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { check } from './check.js';
import { wire } from './wiring.js';

const wiring = wire(process.env);
const cloudWatch = new CloudWatchClient();

/** Hourly. Measures; the alarms judge. */
export async function handler() {
  return check({ ...wiring, cloudWatch, now: new Date() });
}
