import type pg from 'pg';
import { formatForSize } from '../core/postgres/dump-format.js';
import { announcingBackup } from './announce.js';
import { discardDraft, draftBackup } from './backup.js';
import type { DatabaseBackupOptions, DumpFormat, DumpJob } from './dump-job.js';
import { dumpSingle } from './dump-single.js';
import { dumpParallel } from './parallel/dump-parallel.js';
import { DumpThreads, defaultJobs } from './parallel/dump-threads.js';
import { clientsFor, installedClients } from './postgres/clients.js';
import { connectionFrom } from './postgres/connection.js';
import { rolesCommand } from './postgres/dump.js';
import { databaseProperties, serverVersion } from './postgres/server.js';
import { withSnapshot } from './postgres/snapshot.js';
import { watchSnapshot } from './postgres/snapshot-watch.js';
import { WholeRoles } from './postgres/whole-roles.js';
import type { BackupResult } from './results.js';
import type { Run } from './run.js';
import { StoredFiles } from './stored-files.js';
import { chooseCompressor } from './streams/compress.js';
import { encryptor } from './streams/encrypt.js';

export type { DatabaseBackupOptions };

/**
 * Backs up the database: one snapshot, dumped and counted, stored everywhere at once, the manifest last.
 *
 * @throws OperatorError of the source; or of the storage, where no storage has the backup
 */
export function backupDatabase(run: Run, options: DatabaseBackupOptions): Promise<BackupResult> {
  return announcingBackup(run, 'database', (watched) => takeBackup(watched, options));
}

async function takeBackup(run: Run, wanted: DatabaseBackupOptions): Promise<BackupResult> {
  const threads = new DumpThreads(wanted.format === 'parallel' ? (wanted.jobs ?? defaultJobs()) : 0);
  try {
    return await dumpWith(threads, run, wanted);
  } finally {
    await threads.close();
  }
}

async function dumpWith(threads: DumpThreads, run: Run, wanted: DatabaseBackupOptions): Promise<BackupResult> {
  const { settings } = run;
  const installed = installedClients(settings.PG_BINDIR);
  installed.catch(() => {}); // awaited below; what fails before is told first
  const connection = await connectionFrom(settings, run.environment);
  const compressor = await chooseCompressor(wanted.compression, settings.BACKUP_COMPRESSION_LEVEL);
  if (compressor?.notice) run.log.warn(compressor.notice);
  const seal = await encryptor(settings);
  const draft = await draftBackup(run, 'database', wanted.uploadS3);
  return withSnapshot(connection, draft.target, `backup ${draft.id}`, async (snapshot) => {
    const version = await serverVersion(snapshot.client);
    const clients = await clientsFor(version, `backup of "${connection.database}" not taken`, installed);
    const server = version.text;
    const options = { ...wanted, format: await formatOf(wanted, snapshot.client, connection.database) };
    const job: DumpJob = { run, options, draft, connection, compressor, encryptor: seal, snapshot, clients, server };
    const stored = new StoredFiles({ ...job, compression: options.compression });
    const endWatch = watchSnapshot(run, connection.database);
    try {
      if (options.globals !== 'none') await storeRoles(job, stored);
      if (options.format !== 'parallel') return await dumpSingle(job, stored);
      return await dumpParallel({ ...job, threads }, stored, version.major);
    } catch (error) {
      await discardDraft(run, draft, stored.arrived);
      throw error;
    } finally {
      endWatch();
    }
  });
}

async function formatOf({ format }: DatabaseBackupOptions, client: pg.Client, database: string): Promise<DumpFormat> {
  if (format !== 'auto') return format;
  const { bytes = 0 } = (await databaseProperties(client, database)) ?? {};
  return formatForSize(bytes);
}

async function storeRoles(job: DumpJob, stored: StoredFiles): Promise<void> {
  const { connection, clients, options, draft, run } = job;
  const command = await rolesCommand(connection, clients, options.globals === 'with passwords');
  const key = options.format === 'parallel' ? `${draft.base}/globals` : `${draft.base}.globals`;
  await stored.addSeen(
    command,
    new WholeRoles(command.file),
    { key, role: 'globals', content: 'sql' },
    { expectedBytes: 0, step: run.progress.start('roles') },
  );
}
