import * as z from 'zod';
import { kinds } from '../archive-name.js';
import type { Backup } from '../catalog.js';
import { OperatorError } from '../errors.js';
import { isTypedName } from '../postgres/name.js';
import type { DeployedTarget } from './deployment.js';
import { withoutMargin, wrongRequest } from './request-words.js';

/** PostgreSQL cuts longer names off. The program says so too, a minute and a mail later; no program can be given a NUL. */
const newName = z.string().refine(isTypedName, {
  error: 'must be a name of 1 to 63 bytes, without control characters',
});

const restoreSchema = z.strictObject({
  /** `latest`, or an id as the list shows it. */
  backup: z.string().min(1, 'must be "latest" or the id of a backup').transform(withoutMargin),
  kind: z.enum(kinds).optional(),
  target: z.string().optional(),
  dryRun: z.boolean().optional(),
  /** What is replaced, typed out: the database's name. */
  confirm: z.string().optional(),
  /** Restore into a new database of this name, and replace nothing. */
  into: newName.optional(),
  /** One table, which comes back into the running database beside the present one. */
  table: z.string().min(1, 'must be the name of a table').max(300, 'must be the name of a table').optional(),
  /** The name that the table gets; its own with the backup's time. */
  as: newName.optional(),
  /** For roles that may not create databases. */
  inPlace: z.boolean().optional(),
  /** Leave owners and rights out. */
  noOwner: z.boolean().optional(),
});

export type RestoreRequest = z.infer<typeof restoreSchema>;

export const restoreHelp = [
  'Send { "backup": "latest" } for the plan of restoring the newest database backup, or an id from the list instead of "latest".',
  'The plan says what to send next; nothing is replaced unless "confirm" names it.',
  'More: "kind": "media", "target": "…" for one of several, "into": "new_name" to restore beside and replace nothing, "inPlace": true for a role without CREATEDB, "noOwner": true to leave owners and rights out.',
  'One table: "table": "public.orders" brings it back beside the present one, under another name ("as": "orders_before"), and replaces nothing.',
];

/**
 * Reads what restore was sent; undefined for `{}`, which asks what there is.
 *
 * @throws OperatorError USAGE
 */
export function parseRestoreRequest(event: unknown): RestoreRequest | undefined {
  if (event === null || (typeof event === 'object' && Object.keys(event).length === 0)) return undefined;
  const parsed = restoreSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  throw wrongRequest(
    'restore was sent something else than it knows',
    event,
    parsed.error.issues,
    Object.keys(restoreSchema.shape),
    'Send { "backup": "latest" } for the plan, which says what to send next; {} for the list of backups and all that can be sent.',
  );
}

/**
 * What a CloudWatch custom widget adds to each call.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_about.html
 */
const widgetCall = z.looseObject({
  widgetContext: z.looseObject({
    theme: z.string().optional(),
    forms: z.looseObject({ all: z.record(z.string(), z.unknown()).optional() }).optional(),
  }),
});

export interface WidgetCall {
  /** As if it had been sent by hand: with what was typed into the widget as `confirm`, which decides as always. */
  readonly request: unknown;
  /** The name that was typed to confirm; undefined for a dry run. */
  readonly typed: string | undefined;
  readonly theme: string | undefined;
}

/** The request that a person made from the dashboard's widget; undefined where the call came from elsewhere. */
export function readWidgetCall(event: unknown): WidgetCall | undefined {
  const parsed = widgetCall.safeParse(event);
  if (!parsed.success) return undefined;
  const { widgetContext, ...request } = parsed.data;
  const { confirm } = widgetContext.forms?.all ?? {};
  const typed = request.dryRun !== true && typeof confirm === 'string' ? confirm : undefined;
  return { request: { ...request, ...(typed ? { confirm: typed } : {}) }, typed, theme: widgetContext.theme };
}

/** Whether a request may be carried out: nothing is replaced without the name of what is. */
export function isConfirmed(request: RestoreRequest, { replaces }: DeployedTarget): boolean {
  return request.dryRun !== true && (replacesNothing(request) || request.confirm === replaces);
}

/** What comes back beside what is there needs no confirmation, and the application may go on. */
export function replacesNothing({ into, table }: RestoreRequest): boolean {
  return into !== undefined || table !== undefined;
}

/** The request that carries the plan out. */
export function confirmation(request: RestoreRequest, backup: Backup, { replaces }: DeployedTarget): RestoreRequest {
  const { dryRun: _, confirm: __, ...rest } = request;
  return { ...rest, backup: backup.id, ...(replacesNothing(request) ? {} : { confirm: replaces }) };
}

/**
 * The program's command line for a request.
 *
 * @throws OperatorError USAGE for what only a database knows, and for what contradicts itself
 */
export function restoreCommand(
  request: RestoreRequest,
  { id, kind }: Backup,
  { replaces }: Pick<DeployedTarget, 'replaces'>,
): string[] {
  const { into, inPlace, noOwner, table, as } = request;
  if (kind === 'media' && (into !== undefined || inPlace || noOwner || table !== undefined || as !== undefined)) {
    throw new OperatorError(
      'USAGE',
      '"into", "inPlace", "noOwner", "table" and "as" are for databases',
      'Leave them out for media files.',
    );
  }
  if (into !== undefined && (inPlace || into === replaces)) {
    throw new OperatorError(
      'USAGE',
      inPlace ? '"into" makes a new database, and "inPlace" replaces one' : `"${into}" is the database that is there`,
      'Give "into" a new name to restore beside, or leave it out to replace what is there.',
    );
  }
  if ((as !== undefined && (table === undefined || into !== undefined)) || (table !== undefined && inPlace)) {
    throw new OperatorError(
      'USAGE',
      '"as" is the name that a "table" gets beside the present one; neither goes with "inPlace", nor "as" with "into"',
      'Send "table" and, if you like, "as".',
    );
  }
  return [
    'restore',
    ...(kind === 'media' ? ['--media'] : []),
    ...(into === undefined ? [] : [`--into=${into}`]),
    ...(table === undefined ? [] : [`--table=${table}`]),
    ...(as === undefined ? [] : [`--as=${as}`]),
    ...(inPlace ? ['--in-place'] : []),
    ...(noOwner ? ['--no-owner'] : []),
    '--force',
    id,
  ];
}
