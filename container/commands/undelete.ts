import type { Command } from 'commander';
import { megabytes } from '../../core/backup-table.js';
import { OperatorError } from '../../core/errors.js';
import type { Invocation } from '../program.js';
import { type RemovedBackup, removedBackups, undelete } from '../undelete.js';
import { tellSilent } from './tell-silent.js';

interface UndeleteOptions {
  readonly list?: true;
  readonly json?: true;
}

export function registerUndelete(root: Command, invocation: Invocation): void {
  root
    .command('undelete')
    .description('Bring back a backup that cleanup removed, while the storage still keeps it.')
    .argument('[backup]', 'a backup’s id')
    .option('--list', 'list what can be brought back')
    .option('--json', 'print the list, or where it is again, as JSON')
    .action(async (id: string | undefined, { list, json }: UndeleteOptions) => {
      const run = await invocation.start();
      if ((id === undefined) === (list === undefined)) {
        throw new OperatorError(
          'USAGE',
          'undelete: which backup is not said, or said twice',
          'Name one, or use --list to see which can be brought back.',
        );
      }
      if (id === undefined) {
        const { backups, silent } = await removedBackups(run);
        invocation.print(json ? JSON.stringify(backups.map(removedJson), null, 2) : table(backups));
        tellSilent(invocation, run, silent);
        return;
      }
      const { storages, silent } = await undelete(run, id);
      invocation.print(
        json
          ? JSON.stringify({ id, storages }, null, 2)
          : `${id} is in ${storages.join(' and ')} again; the next cleanup removes it unless the policy keeps it now`,
      );
      tellSilent(invocation, run, silent);
    });
}

function table(removed: readonly RemovedBackup[]): string {
  const lines = removed.map(
    ({ id, bytes, removedAt, storage }) =>
      `${id} | ${megabytes(bytes).padStart(8)} MB | removed ${removedAt.toISOString().slice(0, 16).replace('T', ' ')} | ${storage.name}`,
  );
  return [`Removed backups that can be brought back (${removed.length}):`, '-'.repeat(80), ...lines].join('\n');
}

function removedJson({ id, kind, bytes, removedAt, storage }: RemovedBackup) {
  return { id, kind, bytes, removedAt: removedAt.toISOString(), storage: storage.name };
}
