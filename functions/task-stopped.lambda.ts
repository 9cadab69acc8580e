import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient } from '@aws-sdk/client-ecs';
import type { Context } from 'aws-lambda';
import { announceOn } from '../core/aws/event-bus.js';
import { incidentsPrefix } from '../core/deployed/incidents.js';
import { taskStopped } from './task-stopped.js';
import { vault, wire } from './wiring.js';

const wiring = wire(process.env);
const clients = { cloudWatch: new CloudWatchClient(), logs: new CloudWatchLogsClient(), ecs: new ECSClient() };
const announce = announceOn(wiring.deployment.bus);
const incidents = vault(wiring.deployment, process.env, incidentsPrefix);

/** By ECS, for every task that ends: at least once, in any order. */
export async function handler(event: { readonly detail?: unknown } | null, { awsRequestId }: Context) {
  return taskStopped({ ...wiring, ...clients, announce, incidents }, event?.detail, awsRequestId);
}
