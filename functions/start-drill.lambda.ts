import { ECSClient } from '@aws-sdk/client-ecs';
import type { Context } from 'aws-lambda';
import { answered } from './answer.js';
import { startDrills } from './start-drill.js';
import { wire } from './wiring.js';

const wiring = wire(process.env);
const ecs = new ECSClient();

/** By its schedule, after backups where that is set, and by hand. Safe to call twice for the same run. */
export async function handler(event: unknown, { awsRequestId }: Context) {
  return answered(event, () => startDrills({ ...wiring, ecs }, event, awsRequestId));
}
