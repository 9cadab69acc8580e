import { folderOf } from '../core/archive-name.js';
import { type DeployedSchedulesOptions, deployedSchedules } from '../core/aws/deployed-schedules.js';
import { type ListedBackup, renderBackupTable } from '../core/backup-table.js';
import { readCatalog } from '../core/catalog.js';
import { restoreHelp as howToAsk } from '../core/deployed/restore-request.js';
import { messageOf } from '../core/errors.js';
import { minuteOf } from '../core/report/text.js';
import { renderSchedules } from '../core/schedules/schedule-table.js';
import type { Wiring } from './wiring.js';

/** Text as lines, because the console shows JSON. */
export type Lines = readonly string[];

export interface RestoreHelp {
  readonly help: Lines;
  readonly backups: Lines;
  readonly schedules: Lines;
}

type HelpContext = Wiring & DeployedSchedulesOptions;

/** What can be sent, what there is to restore, and what runs by itself. */
export async function restoreHelp(context: HelpContext): Promise<RestoreHelp> {
  const { zone } = context.deployment;
  const times = `Times of backups are in UTC${zone === 'UTC' ? '' : `, those of schedules in ${zone}`}.`;
  return { help: [...howToAsk, times], backups: await backupLines(context), schedules: await scheduleLines(context) };
}

/** Of each target. Lambda answers with 6 MB at most, and nobody reads so far. */
const mostListed = 50;

async function backupLines({ deployment, storage }: HelpContext): Promise<Lines> {
  const { bucket, prefix } = deployment.vault;
  const listed: ListedBackup[] = [];
  const older: string[] = [];
  for (const { kind, target } of deployment.targets) {
    const { backups } = await readCatalog(storage, kind, target);
    listed.push(...backups.slice(0, mostListed).map((backup) => ({ ...backup, storages: ['s3'] })));
    const oldest = backups.at(-1);
    if (!oldest || backups.length <= mostListed) continue;
    older.push(
      `and ${backups.length - mostListed} older ones like ${oldest.id}, back to ${minuteOf(oldest.time)}; their ids can be sent, too: aws s3 ls s3://${bucket}/${prefix}${folderOf(kind, target)}`,
    );
  }
  listed.sort((a, b) => b.time.getTime() - a.time.getTime());
  return [...renderBackupTable(listed, false).split('\n'), ...older];
}

async function scheduleLines(context: HelpContext): Promise<Lines> {
  try {
    return renderSchedules(context.deployment, await deployedSchedules(context), context.now).split('\n');
  } catch (error) {
    return [`not known: ${messageOf(error)}`]; // what can be restored is more urgent than what runs next
  }
}
