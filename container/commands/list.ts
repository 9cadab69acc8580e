import type { Command } from 'commander';
import { type ListedBackup, renderBackupTable } from '../../core/backup-table.js';
import { listBackups } from '../list-backups.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';
import { tellSilent } from './tell-silent.js';

export function registerList(root: Command, invocation: Invocation): void {
  root
    .command('list')
    .description('List the backups, newest first. Reads names and sizes only.')
    .option('--json', 'print the list as JSON')
    .action(async ({ json }: { json?: true }) => {
      await printBackups(invocation, await invocation.start(), json === true);
    });
}

/** Prints what the storages hold; one that does not answer is told, and the exit code tells it too. */
export async function printBackups(invocation: Invocation, run: Run, json: boolean): Promise<void> {
  const { backups, silent } = await listBackups(run);
  invocation.print(
    json ? JSON.stringify(backups.map(backupJson), null, 2) : renderBackupTable(backups, run.storages.length > 1),
  );
  tellSilent(invocation, run, silent);
}

function backupJson({ id, kind, target, time, bytes, files, verified, drillFailed, storages }: ListedBackup) {
  return {
    id,
    kind,
    target,
    time: time.toISOString(),
    bytes,
    files: files.map(({ key, bytes: size }) => ({ key, bytes: size })),
    verified,
    drillFailed,
    storages,
  };
}
