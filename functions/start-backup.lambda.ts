import { ECSClient } from '@aws-sdk/client-ecs';
import type { Context } from 'aws-lambda';
import { answered } from './answer.js';
import { startBackups } from './start-backup.js';
import { wire } from './wiring.js';

const wiring = wire(process.env);
const ecs = new ECSClient();

/** By its schedules, and by hand. Safe to call twice: the same run of a schedule starts each task once. */
export async function handler(event: unknown, { awsRequestId }: Context) {
  return answered(event, () => startBackups({ ...wiring, ecs }, event, awsRequestId));
}
