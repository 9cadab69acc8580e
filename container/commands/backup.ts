import type { Command } from 'commander';
import { Option } from 'commander';
import { type Compression, compressions } from '../../core/archive-name.js';
import { megabytes } from '../../core/backup-table.js';
import { exitCodeOf, OperatorError } from '../../core/errors.js';
import { count } from '../../core/report/text.js';
import type { Settings } from '../../core/settings.js';
import { storagesToWrite } from '../backup.js';
import { backupDatabase } from '../backup-database.js';
import { backupMedia } from '../backup-media.js';
import type { Invocation } from '../program.js';
import type { BackupResult } from '../results.js';
import type { Run } from '../run.js';
import { cleanup } from './cleanup.js';
import { GivenOptions } from './given-options.js';
import { printBackups } from './list.js';
import { collect, megabytesASecond, taskCount, wholeNumber } from './option-values.js';
import { runAll } from './run-all.js';

interface BackupOptions {
  readonly database?: true;
  readonly media?: true;
  readonly full?: true;
  readonly list?: true;
  readonly cleanup?: true;
  readonly format?: 'plain' | 'custom' | 'parallel' | 'auto';
  readonly compress: boolean;
  readonly compression?: Compression;
  readonly uploadS3?: true;
  readonly jobs?: number;
  readonly tasks?: number;
  readonly maxRate?: number;
  readonly schema: string[];
  readonly table: string[];
  readonly excludeTable: string[];
  readonly excludeTableData: string[];
  readonly exclude: string[];
  readonly withGlobals?: true;
  readonly withPasswords?: true;
  readonly json?: true;
}

export function registerBackup(root: Command, invocation: Invocation): void {
  root
    .command('backup')
    .description('Back up the database, the media files, or both.')
    .option('--database', 'back up the database')
    .option('--media', 'back up the media files')
    .option('--full', 'back up both; one failing does not stop the other')
    .option('--list', 'list the backups, as "respaldo list"')
    .option('--cleanup', 'remove what the retention policy does not keep, as "respaldo cleanup"')
    .addOption(
      new Option(
        '--format <format>',
        'pg_dump’s plain or custom format, parallel, or auto, which is parallel above 1 GB (BACKUP_FORMAT)',
      ).choices(['plain', 'custom', 'parallel', 'auto']),
    )
    .option('--no-compress', 'store uncompressed')
    .addOption(new Option('--compression <method>', 'how to compress (BACKUP_COMPRESSION)').choices(compressions))
    .option('--upload-s3', 'store in S3 as well as in the local directory')
    .option('--jobs <n>', 'parallel: workers (the cores, at most 8)', wholeNumber)
    .option('--tasks <n>', 'parallel: tasks that share the work, each with its workers (BACKUP_TASKS)', taskCount)
    .option(
      '--max-rate <MB/s>',
      'parallel: megabytes a second that are read at most, to be kind to the server',
      megabytesASecond,
    )
    .option('--schema <pattern>', 'only schemas that match (repeatable)', collect, [])
    .option('--table <pattern>', 'only tables that match (repeatable)', collect, [])
    .option('--exclude-table <pattern>', 'without tables that match (repeatable)', collect, [])
    .option('--exclude-table-data <pattern>', 'without the rows of tables that match (repeatable)', collect, [])
    .option('--exclude <pattern>', 'media: without files that match, as in tar (repeatable)', collect, [])
    .option('--with-globals', 'add roles and memberships, without passwords')
    .option('--with-passwords', 'with --with-globals: their password hashes too')
    .option('--json', 'print the result as JSON')
    .action(async (options: BackupOptions, command: Command) => {
      const given = new GivenOptions(command);
      refuseContradictions(given, options);
      const run = await invocation.start();
      if (options.list) return printBackups(invocation, run, options.json === true);
      if (options.cleanup) return cleanup(invocation, run, options.json ? { json: true } : {});
      if (options.database || options.full) refuseForFormat(given, options, run.settings);
      const steps = stepsOf(options, run);
      const { results, errors } = await runAll(run, steps, (result) => {
        if (!options.json) invocation.print(describeBackup(result));
      });
      if (options.json) invocation.print(JSON.stringify(results.map(resultJson), null, 2));
      errors.push(...results.flatMap(({ failures }) => failures.map(({ error }) => error)));
      if (errors.length > 0) invocation.exitWith(exitCodeOf(errors[0]));
    });
}

const databaseOnly = [
  ...['--format', '--jobs', '--tasks', '--max-rate', '--schema', '--table', '--exclude-table', '--exclude-table-data'],
  ...['--with-globals', '--with-passwords'],
];

function refuseContradictions(given: GivenOptions, options: BackupOptions): void {
  given.alone('--list');
  given.alone('--cleanup');
  if (given.has('--media') && !given.has('--database', '--full')) given.refuse(databaseOnly, '--media');
  if (given.has('--database') && !given.has('--media', '--full')) given.refuse(['--exclude'], '--database');
  given.needs('--with-passwords', '--with-globals');
  if (options.compression !== 'none' && given.has('--no-compress')) given.refuse(['--compression'], '--no-compress');
  if (given.has('--table')) {
    given.refuse(['--schema'], '--table', 'pg_dump takes the tables and passes over the schema (--table "schema.*")');
  }
}

/** What only a parallel dump can do, and what it cannot. */
function refuseForFormat(given: GivenOptions, options: BackupOptions, settings: Settings): void {
  const format = options.format ?? settings.BACKUP_FORMAT;
  const said = options.format === undefined ? `BACKUP_FORMAT=${format}` : `--format ${format}`;
  if (format === 'plain' || format === 'custom') {
    given.refuse(parallelOnly, said, 'only a parallel dump shares its work (--format parallel)');
  } else if (!options.compress || options.compression !== 'zstd') {
    given.refuse(['--no-compress', '--compression'], said, 'it is always compressed with zstd');
  }
}

const parallelOnly = ['--jobs', '--tasks', '--max-rate'];

function stepsOf(options: BackupOptions, run: Run): (() => Promise<BackupResult>)[] {
  if (!options.database && !options.media && !options.full) {
    throw new OperatorError('USAGE', 'backup: what to back up is not said', 'Add --database, --media or --full.');
  }
  // It is the same for both: told once, before either begins.
  storagesToWrite(run, options.uploadS3 === true);
  const steps: (() => Promise<BackupResult>)[] = [];
  if (options.database || options.full) steps.push(() => backupDatabase(run, databaseOptions(options, run.settings)));
  if (options.media || options.full) steps.push(() => backupMedia(run, mediaOptions(options, run.settings)));
  return steps;
}

function databaseOptions(options: BackupOptions, settings: Settings) {
  const format = options.format ?? settings.BACKUP_FORMAT;
  return {
    format,
    compression: format === 'parallel' || format === 'auto' ? ('zstd' as const) : compressionOf(options, settings),
    jobs: options.jobs,
    tasks: options.tasks,
    maxRate: options.maxRate,
    uploadS3: options.uploadS3 === true,
    selection: {
      schemas: options.schema,
      tables: options.table,
      excludeTables: options.excludeTable,
      excludeTableData: options.excludeTableData,
    },
    globals: options.withGlobals
      ? options.withPasswords
        ? ('with passwords' as const)
        : ('without passwords' as const)
      : ('none' as const),
  };
}

function mediaOptions(options: BackupOptions, settings: Settings) {
  return {
    compression: compressionOf(options, settings),
    uploadS3: options.uploadS3 === true,
    exclude: options.exclude,
  };
}

function compressionOf({ compress, compression }: BackupOptions, settings: Settings): Compression {
  return compress ? (compression ?? settings.BACKUP_COMPRESSION) : 'none';
}

/** `db_backup_20240115_120000: 45.32 MB in /backups, 12 s, 34 tables with 120,345 rows`. */
function describeBackup({ manifest, bytes, storedIn }: BackupResult): string {
  const seconds = (Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt)) / 1000;
  const tables = manifest.database?.tables ?? [];
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const what = manifest.database
    ? `${count(tables.length, 'table')}${rows === 0 ? '' : ` with ${count(rows, 'row')}`}`
    : count(manifest.media?.files ?? 0, 'file');
  return `${manifest.id}: ${megabytes(bytes)} MB in ${storedIn.join(' and ')}, ${seconds.toFixed(1)} s, ${what}`;
}

function resultJson({ manifest, bytes, storedIn, failures }: BackupResult) {
  return {
    id: manifest.id,
    kind: manifest.kind,
    bytes,
    storedIn,
    failures: failures.map(({ storage, error }) => ({
      storage,
      error: error instanceof Error ? error.message : String(error),
    })),
    manifest,
  };
}
