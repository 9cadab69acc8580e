import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { Context } from 'aws-lambda';
import { incidentsPrefix } from '../core/deployed/incidents.js';
import { readWidgetCall } from '../core/deployed/restore-request.js';
import { answered } from './answer.js';
import { restore } from './restore.js';
import { answerInWidget } from './restore-in-widget.js';
import { vault, wire } from './wiring.js';

const wiring = wire(process.env);
const clients = { ecs: new ECSClient(), scheduler: new SchedulerClient(), cloudWatch: new CloudWatchClient() };
const incidents = vault(wiring.deployment, process.env, incidentsPrefix);

/** By a person in the console or its widget. `{}` shows what there is; nothing is replaced unless `confirm` names it. */
export async function handler(event: unknown, { awsRequestId }: Context) {
  const context = { ...wiring, ...clients, incidents, now: new Date() };
  const call = readWidgetCall(event);
  if (!call) return answered(event, () => restore(context, event, awsRequestId));
  return answerInWidget(restore(context, call.request, awsRequestId), call);
}
