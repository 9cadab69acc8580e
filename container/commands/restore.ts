import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Kind } from '../../core/archive-name.js';
import { exitCodeOf, OperatorError } from '../../core/errors.js';
import { count } from '../../core/report/text.js';
import { type FoundArchive, findArchive, findLatest } from '../find-archive.js';
import { openBucketBy } from '../open-storages.js';
import { planDatabaseRestore } from '../plan-database-restore.js';
import type { Invocation } from '../program.js';
import { restoreDatabase } from '../restore-database.js';
import { type MediaTarget, planMediaRestore, restoreMedia } from '../restore-media.js';
import { databaseLines, mediaLines, type PlanText, renderPlan } from '../restore-plan-text.js';
import type { Run } from '../run.js';
import { confirm, type Replaced } from './confirm.js';
import { GivenOptions } from './given-options.js';
import { printBackups } from './list.js';
import { collect, taskCount, wholeNumber } from './option-values.js';
import { assertOneTable, planTable } from './restore-table.js';
import { runAll } from './run-all.js';

export interface RestoreOptions {
  readonly database?: true;
  readonly media?: true;
  readonly full?: true;
  readonly list?: true;
  readonly latest?: true;
  readonly force?: true;
  readonly dryRun?: true;
  readonly into?: string;
  readonly inPlace?: true;
  readonly owner: boolean;
  readonly jobs?: number;
  readonly table: string[];
  readonly as?: string;
  readonly tasks?: number;
  readonly json?: true;
}

/** One restore that is planned and not begun. */
export interface Planned {
  readonly text: PlanText;
  readonly replaces: Replaced | undefined;
  readonly carryOut: () => Promise<Done>;
}

interface Done {
  readonly backup: string;
  readonly kind: Kind;
  readonly into: string;
  readonly kept: string | undefined;
  readonly compared: boolean;
  /** Of one table. */
  readonly table?: string;
  readonly rows?: number;
  readonly leftOut?: readonly string[];
}

export function registerRestore(root: Command, invocation: Invocation): void {
  root
    .command('restore')
    .description('Restore a backup: beside what is there, compared, and only then put in its place.')
    .argument('[backup]', 'a backup’s id, a file, or an s3:// URL')
    .option('--database', 'with --latest: the database (the default)')
    .option('--media', 'with --latest: the media files')
    .option('--full', 'with --latest: both; one failing does not stop the other')
    .option('--list', 'list the backups, as "respaldo list"')
    .option('--latest', 'the newest backup')
    .option('--force', 'do not ask')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--into <name>', 'restore into a new database, or a new folder, of this name, and replace nothing')
    .option('--in-place', 'replace the contents of the database in one transaction, for roles without CREATEDB')
    .option('--no-owner', 'leave owners and rights out: everything belongs to the restoring role')
    .option('--jobs <n>', 'parallel: workers (the cores, at most 8)', wholeNumber)
    .option(
      '--table <name>',
      'this table only, beside the present one under another name; parallel, with --into: the rows of these tables (repeatable; * stands for any text)',
      collect,
      [],
    )
    .option('--as <name>', 'with --table: the name that it gets (its own with the backup’s time)')
    .option('--tasks <n>', 'parallel: tasks that share the work, each with its workers (BACKUP_TASKS)', taskCount)
    .option('--json', 'print the plan or the result as JSON')
    .action(async (reference: string | undefined, options: RestoreOptions, command: Command) => {
      refuseContradictions(new GivenOptions(command), reference, options);
      const run = await invocation.start();
      if (options.list) return printBackups(invocation, run, options.json === true);
      const planning = chosen(run, reference, options).map((find) => async () => planFor(run, await find(), options));
      const { results: plans, errors } = await runAll(run, planning, () => {});
      if (options.dryRun) {
        const texts = plans.map(({ text }) => text);
        invocation.print(options.json ? JSON.stringify(texts.map(planJson), null, 2) : renderPlan(texts));
        if (errors.length > 0) invocation.exitWith(exitCodeOf(errors[0]));
        return;
      }
      if (!options.force)
        await confirm(
          plans.flatMap(({ replaces }) => replaces ?? []),
          run.signal,
        );
      const steps = plans.map(({ carryOut }) => carryOut);
      const done = await runAll(run, steps, (result) => {
        if (!options.json) invocation.print(describe(result));
      });
      if (options.json) invocation.print(JSON.stringify(done.results, null, 2));
      errors.push(...done.errors);
      if (errors.length > 0) invocation.exitWith(exitCodeOf(errors[0]));
    });
}

const databaseOnly = ['--in-place', '--no-owner', '--table', '--as', '--jobs', '--tasks'];

function refuseContradictions(given: GivenOptions, reference: string | undefined, options: RestoreOptions): void {
  const { list, database, media, full, latest, into, table, as } = options;
  given.alone('--list');
  if (list) return;
  if (as !== undefined || (table.length > 0 && into === undefined)) assertOneTable(options);
  if ((reference === undefined) === (latest === undefined)) {
    throw new OperatorError(
      'USAGE',
      'restore: which backup is not said, or said twice',
      'Name one, or use --latest; "respaldo list" shows them.',
    );
  }
  if (media && !database && !full) given.refuse(databaseOnly, '--media');
  if (full || (database && media)) given.refuse(['--into'], '--full', 'one names one thing, the other restores two');
  if (into !== undefined) given.refuse(['--in-place'], '--into');
}

/** What leads to each archive that is to be restored. */
function chosen(
  run: Run,
  reference: string | undefined,
  { database, media, full }: RestoreOptions,
): (() => Promise<FoundArchive>)[] {
  const both = full || (database && media);
  if (reference !== undefined) {
    const wanted = both ? undefined : media ? 'media' : database ? 'database' : 'any';
    return [async () => assertKind(await findArchive(run, reference, openBucketBy(run.settings)), wanted)];
  }
  const kinds: Kind[] = both ? ['database', 'media'] : [media ? 'media' : 'database'];
  return kinds.map((kind) => () => findLatest(run, kind));
}

function assertKind(found: FoundArchive, wanted: Kind | 'any' | undefined): FoundArchive {
  if (wanted === 'any' || wanted === found.kind) return found;
  throw new OperatorError(
    'USAGE',
    `${found.id} holds ${found.kind === 'media' ? 'media files' : 'a database'}, and nothing else`,
    `Name it without --database, --media and --full; it is told from its name.`,
  );
}

function planFor(run: Run, found: FoundArchive, options: RestoreOptions): Promise<Planned> {
  if (!found.manifest)
    run.log.warn(`${found.id} has no manifest: nothing vouches for its bytes, and the result cannot be compared`);
  const { table, into, as } = options;
  if (table[0] !== undefined && into === undefined) return planTable(run, found, { table: table[0], as });
  return found.kind === 'media' ? planMedia(run, found, options) : planDatabase(run, found, options);
}

async function planDatabase(run: Run, found: FoundArchive, options: RestoreOptions): Promise<Planned> {
  if ((options.jobs ?? options.tasks) !== undefined && found.manifest?.format !== 'parallel') {
    throw new OperatorError(
      'USAGE',
      `${options.jobs === undefined ? '--tasks' : '--jobs'}: ${found.id} is one archive, not a parallel backup, and is loaded by one session`,
      'Leave it out; backups made with --format parallel are loaded by many.',
    );
  }
  const plan = await planDatabaseRestore(run, found, {
    into: options.into,
    inPlace: options.inPlace === true,
    withoutOwners: !options.owner,
    jobs: options.jobs,
    tables: options.table,
    tasks: options.tasks,
  });
  const { database, running } = plan;
  return {
    text: databaseLines(plan),
    replaces: running && { what: `database "${database}"`, name: database },
    carryOut: async () => {
      const { database: into, kept, compared } = await restoreDatabase(run, plan);
      return { backup: found.id, kind: 'database', into, kept, compared };
    },
  };
}

async function planMedia(run: Run, found: FoundArchive, options: RestoreOptions): Promise<Planned> {
  const strange = options.latest ? undefined : forDatabases(options);
  if (strange !== undefined) {
    throw new OperatorError(
      'USAGE',
      `${strange} is for databases, and ${found.id} holds media files`,
      `Leave ${strange} out.`,
    );
  }
  const plan = await planMediaRestore(run, found, { into: options.into, replaceChanged: options.force });
  const { target } = plan;
  return {
    text: mediaLines(plan),
    replaces: replacedBy(target),
    carryOut: async () => {
      const { into, kept, compared } = await restoreMedia(run, plan);
      return { backup: found.id, kind: 'media', into, kept, compared };
    },
  };
}

/** One of the options that say nothing of media files; of --full they are meant for the database. */
function forDatabases({ inPlace, owner, table, jobs, tasks }: RestoreOptions): string | undefined {
  if (inPlace) return '--in-place';
  if (!owner) return '--no-owner';
  if (table.length > 0) return '--table';
  return jobs !== undefined ? '--jobs' : tasks === undefined ? undefined : '--tasks';
}

function replacedBy(target: MediaTarget): Replaced | undefined {
  if (target.type === 'bucket') return { what: `missing objects of ${target.url}`, name: target.url };
  const { root, exists } = target.place;
  return exists ? { what: `folder ${root}`, name: basename(root) } : undefined;
}

function describe({ backup, into, kept, table, rows, compared }: Done): string {
  if (table !== undefined)
    return `restored "${table}" of ${backup} as "${into}": ${count(rows ?? 0, 'row')}${compared ? ', equal to what was backed up' : ', which nothing could be compared with'}`;
  return `restored ${backup} into "${into}"${kept === undefined ? '' : `; the one before is kept as "${kept}"`}`;
}

function planJson({ title, lines }: PlanText) {
  return { plan: title, ...Object.fromEntries(lines) };
}
