import { isBesideArchive } from './archive-name.js';
import type { Backup } from './catalog.js';

/** One line of a listing: a backup, and where it is. */
export interface ListedBackup extends Backup {
  readonly storages: readonly string[];
}

const rule = '-'.repeat(80);

/** The list as its users know it. Where there are several storages, a column says which have the backup; a last one what drills found. */
export function renderBackupTable(backups: readonly ListedBackup[], severalStorages: boolean): string {
  const lines = backups.map((backup) => {
    const where = severalStorages ? ` | ${backup.storages.join(', ')}` : '';
    const proof = backup.drillFailed ? ' | DRILL FAILED' : backup.verified ? ' | verified' : '';
    return `${row(backup)}${where}${proof}`;
  });
  return [`Backups available (${backups.length}):`, rule, ...lines].join('\n');
}

function row({ kind, time, bytes, files, id }: ListedBackup): string {
  const iso = time.toISOString();
  const when = `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
  const name = id.slice(id.lastIndexOf('/') + 1);
  const target = id.slice(0, id.length - name.length);
  const archive = files.find(({ key }) => !isBesideArchive(key));
  // A parallel backup is a folder: it is shown by its name alone.
  const rest = archive?.key.slice(archive.key.indexOf(name) + name.length) ?? '';
  return `${kind.toUpperCase().padEnd(8)} | ${when} | ${megabytes(bytes).padStart(8)} MB | ${target}${name}${rest.startsWith('/') ? '/' : rest}`;
}

/** Megabytes of 1024 × 1024 bytes with two decimals, as in the list of the system that this one replaces. */
export function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(2);
}
