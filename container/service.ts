import type { Compression, Kind } from '../core/archive-name.js';
import type { ListedBackup } from '../core/backup-table.js';
import type { CleanupReport } from '../core/cleanup.js';
import { OperatorError } from '../core/errors.js';
import { type Log, type Progress, silentLog, silentProgress } from '../core/log.js';
import type { Manifest } from '../core/manifest.js';
import { backupDatabase } from './backup-database.js';
import { backupMedia } from './backup-media.js';
import { cleanUp } from './cleanup.js';
import { copyBackup } from './copy-backup.js';
import { findArchive } from './find-archive.js';
import { listBackups } from './list-backups.js';
import { openBucketBy } from './open-storages.js';
import { planDatabaseRestore } from './plan-database-restore.js';
import { everything } from './postgres/selection.js';
import { restoreDatabase } from './restore-database.js';
import { planMediaRestore, restoreMedia } from './restore-media.js';
import type { BackupResult, DatabaseRestoreResult, MediaRestoreResult, TableRestoreResult } from './results.js';
import type { Run } from './run.js';
import { planTableRestore } from './table/plan-table-restore.js';
import { restoreTable } from './table/restore-table.js';
import { wire } from './wire.js';

export type {
  BackupResult,
  CleanupReport,
  DatabaseRestoreResult,
  Kind,
  ListedBackup,
  Log,
  Manifest,
  MediaRestoreResult,
  Progress,
  TableRestoreResult,
};
export { OperatorError };

export interface BackupServiceOptions {
  /** The settings, by their variables' names; default: the process' environment. See docs/settings.md. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Ends what is under way; its reason is then thrown. */
  readonly signal?: AbortSignal;
  /** Told what happens; default: nobody. */
  readonly log?: Log;
  readonly progress?: Progress;
}

/**
 * Backups from code: what the command line does, with results instead of text. Every method throws an OperatorError for
 * what a person can mend, and reads the settings anew.
 *
 * ```ts
 * const service = new BackupService();
 * const { manifest } = await service.backupDatabase({ compress: true });
 * ```
 */
export class BackupService {
  constructor(private readonly options: BackupServiceOptions = {}) {}

  /** Backs the database up into the configured storage, and into S3 too where `uploadS3` is set. */
  async backupDatabase(
    options: { readonly compress?: boolean; readonly uploadS3?: boolean } = {},
  ): Promise<BackupResult> {
    const run = await this.run();
    return backupDatabase(run, {
      format: run.settings.BACKUP_FORMAT,
      compression: /^(parallel|auto)$/.test(run.settings.BACKUP_FORMAT) ? 'zstd' : compressionOf(run, options.compress),
      uploadS3: options.uploadS3 === true,
      selection: everything,
      globals: 'none',
    });
  }

  /** Backs the media files up, from `MEDIA_ROOT`; `exclude` has patterns as in tar, beside those of the settings. */
  async backupMedia(
    options: { readonly compress?: boolean; readonly uploadS3?: boolean; readonly exclude?: readonly string[] } = {},
  ): Promise<BackupResult> {
    const run = await this.run();
    return backupMedia(run, {
      compression: compressionOf(run, options.compress),
      uploadS3: options.uploadS3 === true,
      exclude: options.exclude ?? [],
    });
  }

  /** Copies a local backup, named by its id or its archive's path, into the configured bucket. */
  async uploadToS3(pathOrId: string): Promise<void> {
    const run = await this.run();
    const bucket = run.storages.find(({ type }) => type === 's3');
    if (!bucket)
      throw new OperatorError(
        'SETTINGS_INVALID',
        'uploadToS3: AWS_S3_BUCKET_NAME is not set',
        'Set it and AWS_S3_REGION_NAME.',
      );
    const local = { ...run, storages: run.storages.filter(({ type }) => type === 'local') };
    await copyBackup(run, await findArchive(local, pathOrId, openBucketBy(run.settings)), bucket);
  }

  /**
   * All backups of the target, newest first; one that is in several storages is one entry.
   *
   * @throws OperatorError where any storage does not answer: half a list would look like a whole one
   */
  async listBackups(): Promise<readonly ListedBackup[]> {
    const { backups, silent } = await listBackups(await this.run());
    if (silent[0]) throw silent[0].error;
    return backups;
  }

  /**
   * Removes what the retention policy does not keep; a report for each storage and kind. Refuses, rather than remove more
   * than half.
   *
   * @throws OperatorError where any storage does not answer, after the others were cleaned up
   */
  async cleanupOldBackups(options: { readonly force?: boolean } = {}): Promise<readonly CleanupReport[]> {
    const { each, silent } = await cleanUp(await this.run(), options.force === true);
    if (silent[0]) throw silent[0].error;
    return each;
  }

  /** Restores a database backup beside the running database, compares, and swaps. Asks nothing: calling it is the confirmation. */
  async restoreDatabase(
    pathOrId: string,
    options: { readonly into?: string; readonly inPlace?: boolean; readonly withoutOwners?: boolean } = {},
  ): Promise<DatabaseRestoreResult> {
    const run = await this.run();
    const found = await findArchive(run, pathOrId, openBucketBy(run.settings));
    const { into, inPlace = false, withoutOwners = false } = options;
    return restoreDatabase(run, await planDatabaseRestore(run, found, { into, inPlace, withoutOwners }));
  }

  /**
   * Restores one table of a database backup into the running database, beside the present one and under another name:
   * `as`, or its own name with the backup's time. Columns, rows, keys, checks and indexes come back, compared with the
   * manifest; what does not is told in the result. Replaces nothing, and a failure leaves nothing.
   *
   * @param table `public.orders`, as it is: not quoted, upper and lower case being different
   */
  async restoreTable(
    pathOrId: string,
    table: string,
    options: { readonly as?: string } = {},
  ): Promise<TableRestoreResult> {
    const run = await this.run();
    const found = await findArchive(run, pathOrId, openBucketBy(run.settings));
    return restoreTable(run, await planTableRestore(run, found, { table, as: options.as }));
  }

  /**
   * Restores media files beside the running ones, compares, and swaps; into a new folder where `into` names one. Into a
   * bucket, objects that have changed since the backup are left alone unless `replaceChanged`.
   */
  async restoreMedia(
    pathOrId: string,
    options: { readonly into?: string; readonly replaceChanged?: boolean } = {},
  ): Promise<MediaRestoreResult> {
    const run = await this.run();
    const found = await findArchive(run, pathOrId, openBucketBy(run.settings));
    return restoreMedia(run, await planMediaRestore(run, found, options));
  }

  private run(): Promise<Run> {
    const {
      environment = process.env,
      signal = new AbortController().signal,
      log = silentLog,
      progress = silentProgress,
    } = this.options;
    return wire({ environment, signal, log, progress });
  }
}

function compressionOf({ settings }: Run, compress: boolean | undefined): Compression {
  if (compress === false) return 'none';
  return settings.BACKUP_COMPRESSION === 'none' && compress ? 'gzip' : settings.BACKUP_COMPRESSION;
}
