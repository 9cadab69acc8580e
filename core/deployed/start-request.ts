import * as z from 'zod';
import { kinds } from '../archive-name.js';
import { OperatorError } from '../errors.js';
import type { DeployedTarget } from './deployment.js';
import { wrongRequest } from './request-words.js';

/** What start-backup is asked for, by a schedule or by a person. */
const startSchema = z
  .strictObject({
    kind: z.enum([...kinds, 'full']),
    /** Left out: all targets of the kind. */
    target: z.string().optional(),
    /** From a schedule: its ARN and the time that it was due, which together name this run. */
    schedule: z.string().optional(),
    due: z.string().optional(),
  })
  .refine(({ schedule, due }) => (schedule === undefined) === (due === undefined), '"schedule" and "due" go together');

export type StartRequest = z.infer<typeof startSchema>;

export const startHelp =
  'Send { "kind": "database" }, { "kind": "media" } or { "kind": "full" }; with "target" for one of several.';

/**
 * Reads what start-backup was sent; undefined for `{}`, which asks what can be sent.
 *
 * @throws OperatorError USAGE
 */
export function parseStartRequest(event: unknown): StartRequest | undefined {
  if (typeof event === 'object' && event !== null && Object.keys(event).length === 0) return undefined;
  const parsed = startSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  const said = 'start-backup was sent something else than it knows';
  throw wrongRequest(said, event, parsed.error.issues, ['kind', 'target'], startHelp);
}

/**
 * The targets that a request is about.
 *
 * @throws OperatorError USAGE where there is none
 */
export function requestedTargets(request: StartRequest, targets: readonly DeployedTarget[]): DeployedTarget[] {
  const found = targets.filter(
    ({ kind, target }) =>
      (request.kind === 'full' || request.kind === kind) && (request.target === undefined || request.target === target),
  );
  if (found.length > 0) return found;
  const known = targets.map(({ kind, target }) => `${kind}${target === '' ? '' : ` "${target}"`}`);
  throw new OperatorError(
    'USAGE',
    `nothing of kind ${request.kind}${request.target === undefined ? '' : ` and target "${request.target}"`} is backed up here`,
    `There are: ${known.join(', ')}.`,
  );
}
