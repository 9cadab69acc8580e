import { OperatorError } from '../../core/errors.js';
import type { FoundArchive } from '../find-archive.js';
import { tableLines } from '../restore-plan-text.js';
import type { Run } from '../run.js';
import { planTableRestore, type TableRestoreOptions, type TableRestorePlan } from '../table/plan-table-restore.js';
import { restoreTable } from '../table/restore-table.js';
import type { Planned, RestoreOptions } from './restore.js';

/** @throws OperatorError USAGE for what does not go with one table that comes back beside the present one */
export function assertOneTable({ table, into, inPlace, media, full, jobs, tasks }: RestoreOptions): void {
  const refuse = (why: string, hint: string) => new OperatorError('USAGE', why, hint);
  if (into !== undefined) throw refuse('--as does not go with --into', 'Name the database or the table, not both.');
  if (table.length === 0) throw refuse('--as: which table is not said', 'Name it: --table SCHEMA.NAME.');
  if (table.length > 1)
    throw refuse(
      `--table: ${table.length} tables are named, one at a time comes back beside the present one`,
      'Run it once for each; or restore them together into a new database: --into NAME (parallel backups).',
    );
  const wrong = Object.entries({
    '--in-place': inPlace,
    '--media': media,
    '--full': full,
    '--jobs': jobs,
    '--tasks': tasks,
  });
  const [option] = wrong.find(([, value]) => value !== undefined) ?? [];
  if (option)
    throw refuse(
      `${option} does not go with --table`,
      'One table comes back beside the present one, in one transaction of one session; nothing is replaced.',
    );
}

/** @throws OperatorError with whatever would make the restore fail, before anything is done */
export async function planTable(run: Run, found: FoundArchive, options: TableRestoreOptions): Promise<Planned> {
  const plan = await planTableRestore(run, found, options);
  const name = ({ schema, name }: TableRestorePlan['table']) => `${schema}.${name}`;
  return {
    text: tableLines(plan),
    replaces: undefined,
    carryOut: async () => {
      const { as, compared, rows, leftOut } = await restoreTable(run, plan);
      for (const each of leftOut) run.log.warn(`left out of "${name(as)}": ${each}`);
      const table = name(plan.table);
      const isCompared = compared !== 'with nothing';
      return {
        backup: found.id,
        kind: 'database',
        into: name(as),
        kept: undefined,
        compared: isCompared,
        table,
        rows,
        leftOut,
      };
    },
  };
}
