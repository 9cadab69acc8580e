import type { Command } from 'commander';
import { type ListedBackup, renderBackupTable } from '../../core/backup-table.js';
import { listBackups } from '../list-backups.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';

export function registerList(root: Command, invocation: Invocation): void {
  root
    .command('list')
    .description('List the backups, newest first. Reads names and sizes only.')
    .option('--json', 'print the list as JSON')
    .action(async ({ json }: { json?: true }) => {
      const run = await invocation.start();
      printBackups(invocation, run, await listBackups(run), json === true);
    });
}

export function printBackups(invocation: Invocation, run: Run, backups: readonly ListedBackup[], json: boolean): void {
  invocation.print(
    json ? JSON.stringify(backups.map(backupJson), null, 2) : renderBackupTable(backups, run.storages.length > 1),
  );
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
