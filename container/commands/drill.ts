import type { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { OperatorError } from '../../core/errors.js';
import type { Verification } from '../../core/verification.js';
import { drill } from '../drill/drill.js';
import { findArchive, findLatest } from '../find-archive.js';
import type { Invocation } from '../program.js';
import { openBucketBy } from '../wire.js';
import { wholeNumber } from './option-values.js';

interface DrillCommandOptions {
  readonly latest?: true;
  readonly sql?: string;
  readonly jobs?: number;
  readonly json?: true;
}

export function registerDrill(root: Command, invocation: Invocation): void {
  root
    .command('drill')
    .description(
      'Prove a backup: restore it into a throw-away server and compare it, row for row, with what was dumped.',
    )
    .argument('[backup]', 'a backup’s id')
    .option('--latest', 'the newest database backup (also where no backup is named)')
    .option('--sql <file>', 'assertions of your own, run in the restored database (BACKUP_DRILL_SQL)')
    .option('--jobs <n>', 'parallel backups: workers (the cores, at most 8)', wholeNumber)
    .option('--json', 'print the result as JSON')
    .action(async (reference: string | undefined, options: DrillCommandOptions) => {
      const run = await invocation.start();
      if (reference !== undefined && options.latest) {
        throw new OperatorError('USAGE', 'drill: which backup is said twice', 'Name one, or use --latest.');
      }
      const found =
        reference === undefined
          ? await findLatest(run, 'database')
          : await findArchive(run, reference, openBucketBy(run.settings));
      const sql = options.sql ?? run.settings.BACKUP_DRILL_SQL;
      const verification = await drill(run, found, { sql, jobs: options.jobs });
      invocation.print(options.json ? JSON.stringify(verification, null, 2) : describe(verification));
    });
}

function describe({ backup, compared, seconds, bytesPerSecond, notes }: Verification): string {
  const { tables, rows, hashed, sequences, largeObjects, objects, assertions } = compared;
  const how = hashed === tables ? 'row for row' : hashed === 0 ? 'by their number' : `row for row in ${hashed} of them`;
  const others = [
    [sequences, 'sequences'],
    [largeObjects, 'large objects'],
    [objects, 'definitions'],
    [assertions, 'assertions of your own'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${count?.toLocaleString('en')} ${what}`);
  return [
    `${backup} is proven: it restores in ${prettyMilliseconds(seconds.restore * 1000)} (${prettyBytes(bytesPerSecond)}/s)`,
    `  ${tables} tables with ${rows.toLocaleString('en')} rows compared ${how}${others.length > 0 ? `; ${others.join(', ')}` : ''}`,
    ...notes.map((note) => `  note: ${note}`),
  ].join('\n');
}
