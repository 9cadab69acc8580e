import * as z from 'zod';
import { backupId, type Kind, kinds, parseBackupId } from '../archive-name.js';
import { OperatorError } from '../errors.js';
import { eventSource } from '../events.js';
import type { DeployedTarget } from './deployment.js';
import { withoutMargin, wrongRequest } from './request-words.js';

/** From the event bus, after a backup. */
const completed = z.object({
  source: z.literal(eventSource),
  'detail-type': z.literal('Backup Completed'),
  detail: z.object({ kind: z.enum(kinds), target: z.string(), backup: z.string() }),
});

/** From a schedule, or from a person. */
const asked = z.strictObject({
  /** Left out: databases and media files. */
  kind: z.enum(kinds).optional(),
  target: z.string().optional(),
  /** Left out: the newest one of each target. */
  backup: z.string().optional(),
  schedule: z.string().optional(),
  due: z.string().optional(),
});

/** Which backups are to be proven. */
export interface DrillRequest {
  /** Undefined: of both kinds. */
  readonly kind: Kind | undefined;
  /** Undefined: of every target that is drilled. */
  readonly target: string | undefined;
  /** Undefined: the newest. */
  readonly backup: string | undefined;
  /** Names the schedule's run, or the backup; undefined where a person asks. */
  readonly run: string | undefined;
}

export const drillHelp =
  'Send { "backup": "db_backup_20240115_120000" } to prove that one, { "backup": "latest" } for the newest of everything, or add "kind" ("database" or "media") and "target" to say of what.';

/**
 * Reads what start-drill was sent; undefined for `{}`, which asks what can be sent.
 *
 * @throws OperatorError USAGE
 */
export function parseDrillRequest(event: unknown): DrillRequest | undefined {
  if (typeof event === 'object' && event !== null && Object.keys(event).length === 0) return undefined;
  const told = completed.safeParse(event);
  if (told.success) {
    const { kind, target, backup } = told.data.detail;
    return { kind, target, backup, run: `after ${backup}` };
  }
  const parsed = asked.safeParse(event);
  if (!parsed.success) {
    const said = 'start-drill was sent something else than it knows';
    throw wrongRequest(said, event, parsed.error.issues, ['kind', 'target', 'backup'], drillHelp);
  }
  const { kind, target, schedule, due } = parsed.data;
  const backup = parsed.data.backup === undefined ? undefined : withoutMargin(parsed.data.backup);
  const run = schedule ? `${schedule} ${due}` : undefined;
  if (backup === undefined || backup === 'latest') return { kind, target, backup: undefined, run };
  const id = parseBackupId(backup, target ?? '');
  if (!id) throw new OperatorError('USAGE', `"${backup}" is not the id of a backup`, drillHelp);
  if (kind !== undefined && kind !== id.kind)
    throw new OperatorError('USAGE', `"${backup}" is not a backup of kind ${kind}`, drillHelp);
  // The list shows names with what they end in; the id is what they begin with.
  return { kind: id.kind, target: id.target, backup: backupId(id.kind, id.target, id.time), run };
}

/**
 * The targets that are to be drilled.
 *
 * @throws OperatorError USAGE where there is none
 */
export function drilledTargets(
  { kind, target }: DrillRequest,
  targets: readonly DeployedTarget[],
): readonly DeployedTarget[] {
  const drilled = targets.filter((each) => each.drilled);
  const found = drilled.filter(
    (each) => (kind === undefined || each.kind === kind) && (target === undefined || each.target === target),
  );
  if (found.length > 0) return found;
  const asked = [target && `target "${target}"`, kind && `of kind ${kind}`].filter(Boolean).join(' ');
  throw new OperatorError(
    'USAGE',
    `nothing ${asked === '' ? '' : `(${asked}) `}is drilled here`,
    drilled.length > 0
      ? `There are: ${drilled.map((each) => `${each.kind}${each.target && ` "${each.target}"`}`).join(', ')}.`
      : 'Switch drills on in cdk.json: schedules.drill or drill.afterBackup.',
  );
}
