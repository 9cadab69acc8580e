import { backupDatabase, type DatabaseBackupOptions } from '../../container/backup-database.js';
import { cleanUp } from '../../container/cleanup.js';
import { drill } from '../../container/drill/drill.js';
import { findLatest } from '../../container/find-archive.js';
import { planDatabaseRestore } from '../../container/plan-database-restore.js';
import { everything } from '../../container/postgres/selection.js';
import { restoreDatabase } from '../../container/restore-database.js';
import type { Run } from '../../container/run.js';
import { wire } from '../../container/wire.js';
import { OperatorError } from '../../core/errors.js';
import { silentLog, silentProgress } from '../../core/log.js';
import type { Choice, Variant } from './choice.js';

export type Environment = Readonly<Record<string, string>>;

/** The program inside of this process: for clocks that jump, and for checks that need no process of their own. */
export function runIn(environment: Environment, { now }: { readonly now?: () => Date } = {}): Promise<Run> {
  return wire({
    environment,
    signal: new AbortController().signal,
    log: silentLog,
    progress: silentProgress,
    ...(now ? { now } : {}),
  });
}

export function backupOptions({ format, compression }: Variant): DatabaseBackupOptions {
  return { format, compression, uploadS3: false, selection: everything, globals: 'none' };
}

/**
 * Does what a round does, inside of this process.
 *
 * @param force whether a cleanup may remove more than half
 * @returns the id of the backup that was made, restored or drilled
 */
export async function perform(run: Run, { operation, variant }: Choice, force: boolean): Promise<string | undefined> {
  if (operation === 'backup') return (await backupDatabase(run, backupOptions(variant))).manifest.id;
  if (operation === 'cleanup') {
    const failed = (await cleanUp(run, force)).each.find(({ failures }) => failures.length > 0);
    if (failed) throw new OperatorError('REMOVAL_FAILED', failed.failures.map(({ reason }) => reason).join(), 'Again.');
    return undefined;
  }
  const found = await findLatest(run, 'database');
  if (operation === 'drill') await drill(run, found, { sql: undefined, jobs: undefined });
  else {
    const options = { inPlace: operation === 'restore in place', withoutOwners: false };
    await restoreDatabase(run, await planDatabaseRestore(run, found, options));
  }
  return found.id;
}

/** Restores the newest backup into a new database. */
export async function restoreInto(run: Run, into: string): Promise<string> {
  const found = await findLatest(run, 'database');
  await restoreDatabase(run, await planDatabaseRestore(run, found, { into, inPlace: false, withoutOwners: false }));
  return found.id;
}
