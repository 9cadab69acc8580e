import type { Context } from 'aws-lambda';
import { incidentsPrefix } from '../core/deployed/incidents.js';
import { widget } from './widget.js';
import { vault, wire } from './wiring.js';

const wiring = wire(process.env);
const incidents = vault(wiring.deployment, process.env, incidentsPrefix);

/** By the console, for each viewer of the dashboard. Reads, and changes nothing. */
export async function handler(event: unknown, { invokedFunctionArn }: Context) {
  return widget({ ...wiring, incidents, now: new Date(), arn: invokedFunctionArn }, event);
}
