import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { OperatorError } from '../../core/errors.js';
import { findArchive, findLatest } from '../find-archive.js';
import { listBackups } from '../list-backups.js';
import type { Invocation } from '../program.js';
import { planDatabaseRestore, restoreDatabase } from '../restore-database.js';
import { describeDatabasePlan } from '../restore-plan-text.js';
import { openBucketBy } from '../wire.js';
import { printBackups } from './list.js';
import { wholeNumber } from './option-values.js';

interface RestoreOptions {
  readonly list?: true;
  readonly latest?: true;
  readonly force?: true;
  readonly dryRun?: true;
  readonly into?: string;
  readonly inPlace?: true;
  readonly owner: boolean;
  readonly jobs?: number;
  readonly json?: true;
}

export function registerRestore(root: Command, invocation: Invocation): void {
  root
    .command('restore')
    .description('Restore a backup: beside what is there, compared, and only then put in its place.')
    .argument('[backup]', 'a backup’s id, a file, or an s3:// URL')
    .option('--list', 'list the backups, as "respaldo list"')
    .option('--latest', 'the newest backup')
    .option('--force', 'do not ask')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--into <name>', 'restore into a new database of this name, and replace nothing')
    .option('--in-place', 'replace the contents of the database in one transaction, for roles without CREATEDB')
    .option('--no-owner', 'leave owners and rights out: everything belongs to the restoring role')
    .option('--jobs <n>', 'parallel: workers (the cores, at most 8)', wholeNumber)
    .option('--json', 'print the plan or the result as JSON')
    .action(async (reference: string | undefined, options: RestoreOptions) => {
      const run = await invocation.start();
      if (options.list) return printBackups(invocation, run, await listBackups(run), options.json === true);
      if ((reference === undefined) === (options.latest === undefined)) {
        throw new OperatorError(
          'USAGE',
          'restore: which backup is not said, or said twice',
          'Name one, or use --latest; "respaldo list" shows them.',
        );
      }
      const found =
        reference === undefined
          ? await findLatest(run, 'database')
          : await findArchive(run, reference, openBucketBy(run.settings));
      if (!found.manifest)
        run.log.warn(`${found.id} has no manifest: nothing vouches for its bytes, and the result cannot be compared`);
      const plan = await planDatabaseRestore(run, found, {
        into: options.into,
        inPlace: options.inPlace === true,
        withoutOwners: !options.owner,
        jobs: options.jobs,
      });
      if (options.dryRun) {
        invocation.print(describeDatabasePlan(plan));
        return;
      }
      if (plan.running && !options.force) await confirm(plan.database);
      const result = await restoreDatabase(run, plan);
      const kept = result.kept === undefined ? '' : `; the one before is kept as "${result.kept}"`;
      invocation.print(`restored ${found.id} into "${result.database}"${kept}`);
    });
}

/** @throws OperatorError NOT_CONFIRMED */
async function confirm(database: string): Promise<void> {
  const refusal = (what: string) =>
    new OperatorError(
      'NOT_CONFIRMED',
      `restore not begun: ${what}`,
      `Type the database’s name when asked, or use --force. --dry-run shows what would be done.`,
    );
  if (!process.stdin.isTTY) throw refusal('there is no terminal to ask at');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`This replaces the database "${database}". Type its name to go on: `);
    if (answer !== database) throw refusal(`"${answer}" is not "${database}"`);
  } finally {
    terminal.close();
  }
}
