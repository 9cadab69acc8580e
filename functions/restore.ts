import type { ScheduleClients } from '../core/aws/deployed-schedules.js';
import { type Backup, readCatalog } from '../core/catalog.js';
import type { DeployedTarget } from '../core/deployed/deployment.js';
import {
  confirmation,
  isConfirmed,
  parseRestoreRequest,
  type RestoreRequest,
  replacesNothing,
  restoreCommand,
} from '../core/deployed/restore-request.js';
import { chooseBackup, restoreTarget } from '../core/deployed/restore-target.js';
import { whatBecomes } from '../core/deployed/restore-words.js';
import { readSound } from '../core/deployed/sound-backup.js';
import { OperatorError } from '../core/errors.js';
import { estimateRestoreSeconds } from '../core/estimate.js';
import type { Manifest } from '../core/manifest.js';
import { chooseTables } from '../core/parallel/choose-tables.js';
import { readManifest } from '../core/read-manifest.js';
import { count } from '../core/report/text.js';
import type { Storage } from '../core/storage.js';
import { chooseTable } from '../core/table/choose.js';
import { type Lines, type RestoreHelp, restoreHelp } from './restore-help.js';
import { type RunTaskContext, runTask, type StartedTask } from './run-task.js';
import type { Wiring } from './wiring.js';

export interface RestoreContext extends Wiring, RunTaskContext, ScheduleClients {
  readonly incidents: Storage;
  readonly now: Date;
}

export type RestoreAnswer =
  | RestoreHelp
  | { readonly plan: Lines; readonly send: RestoreRequest }
  | { readonly started: StartedTask; readonly plan: Lines };

/**
 * Answers a person who wants data back: with what there is, with what a restore would do and what to send for it, or by
 * starting it.
 *
 * @throws OperatorError USAGE, NO_SUCH_BACKUP or MANIFEST_INVALID
 */
export async function restore(context: RestoreContext, event: unknown, requestId: string): Promise<RestoreAnswer> {
  const { deployment, storage } = context;
  const request = parseRestoreRequest(event);
  if (!request) return restoreHelp(context);
  const target = restoreTarget(request, deployment.targets);
  const catalog = await readCatalog(storage, target.kind, target.target);
  const backup = chooseBackup(request, catalog, target);
  const command = restoreCommand(request, backup, target);
  const manifest = await manifestFor(request, storage, backup, catalog.backups);
  const plan = describePlan(request, backup, manifest, target);
  if (!isConfirmed(request, target)) {
    const wrong = request.confirm !== undefined && request.dryRun !== true && request.confirm !== target.replaces;
    const said = wrong
      ? [`Not done: "confirm" says "${request.confirm}", and "${target.replaces}" is what would be replaced.`]
      : [];
    return { plan: [...said, ...plan], send: confirmation(request, backup, target) };
  }
  const started = await runTask(context, { job: 'restore', target, command, key: requestId });
  return { started, plan };
}

/**
 * One table may be whole in a backup that is not: the task has the last word. That it is there at all is seen now.
 *
 * @throws OperatorError MANIFEST_INVALID or USAGE
 */
async function manifestFor(
  { table, into }: RestoreRequest,
  storage: Storage,
  backup: Backup,
  backups: readonly Backup[],
): Promise<Manifest> {
  if (table === undefined) return readSound(storage, backup, backups);
  const manifest = await readManifest(storage, backup.manifestKey, backup.id);
  if (into === undefined) chooseTable(table, manifest, backup.id);
  else if (manifest.format === 'parallel') chooseTables([table], manifest.database, backup.id);
  else
    throw new OperatorError(
      'USAGE',
      `${backup.id} is one archive of all tables: "table" with "into" is for parallel backups`,
      'Leave "into" out: the table then comes back beside the present one, under another name. Or leave "table" out.',
    );
  return manifest;
}

function describePlan(request: RestoreRequest, backup: Backup, manifest: Manifest, target: DeployedTarget): string[] {
  const minutes = Math.ceil(estimateRestoreSeconds(manifest) / 60);
  const facts = manifest.database;
  const rows = facts?.tables.reduce((sum, { rows: count = 0 }) => sum + count, 0) ?? 0;
  return [
    `Backup: ${backup.id}, taken ${backup.time.toISOString()}, ${(backup.bytes / 1024 / 1024).toFixed(2)} MB${backup.verified ? ', verified by a drill' : ''}.`,
    facts
      ? `Holds: database "${facts.name}" of PostgreSQL ${facts.serverVersion}, ${count(facts.tables.length, 'table')}, ${count(rows, 'row')}.`
      : `Holds: ${count(manifest.media?.files ?? 0, 'media file')} of ${manifest.media?.source}.`,
    whatBecomes(request, target),
    replacesNothing(request)
      ? `Takes: at most about ${minutes} min. The application may go on.`
      : `Takes: about ${minutes} min. Stop the application first, or it loses what it writes meanwhile.`,
  ];
}
