import type { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { Kind } from '../../core/archive-name.js';
import type { Verification } from '../../core/drill/verification.js';
import { OperatorError } from '../../core/errors.js';
import { count } from '../../core/report/text.js';
import { readAssertions } from '../drill/assertions.js';
import { drill } from '../drill/drill.js';
import { type FoundArchive, findArchive, findLatest } from '../find-archive.js';
import { openBucketBy } from '../open-storages.js';
import type { Invocation } from '../program.js';
import { GivenOptions } from './given-options.js';
import { wholeNumber } from './option-values.js';

interface DrillCommandOptions {
  readonly latest?: true;
  readonly media?: true;
  readonly sql?: string;
  readonly jobs?: number;
  readonly asSuperuser?: true;
  readonly json?: true;
}

export function registerDrill(root: Command, invocation: Invocation): void {
  root
    .command('drill')
    .description(
      'Prove a backup: restore a database into a throw-away server and compare it row for row; read media files and compare them byte for byte.',
    )
    .argument('[backup]', 'a backup’s id')
    .option('--latest', 'the newest backup, of the database unless --media (also where no backup is named)')
    .option('--media', 'the newest backup of media files')
    .option('--sql <file>', 'assertions of your own, run in the restored database (BACKUP_DRILL_SQL)')
    .option('--jobs <n>', 'parallel backups: workers (the cores, at most 8)', wholeNumber)
    .option('--as-superuser', 'trust the dump: it may then run programs (BACKUP_DRILL_AS_SUPERUSER)')
    .option('--json', 'print the result as JSON')
    .action(async (reference: string | undefined, options: DrillCommandOptions, command: Command) => {
      if (options.media)
        new GivenOptions(command).refuse(['--sql', '--jobs', '--as-superuser'], '--media', forDatabases);
      if (reference !== undefined && (options.latest || options.media)) {
        throw new OperatorError('USAGE', 'drill: which backup is said twice', 'Name one, or use --latest or --media.');
      }
      const run = await invocation.start();
      const found =
        reference === undefined
          ? await findLatest(run, options.media ? 'media' : 'database')
          : await findArchive(run, reference, openBucketBy(run.settings));
      refuseFor(found, options);
      const sql = found.kind === 'media' ? undefined : await readAssertions(run.settings, options.sql);
      const verification = await drill(run, found, { sql, jobs: options.jobs, asSuperuser: options.asSuperuser });
      invocation.print(options.json ? JSON.stringify(verification, null, 2) : describe(found.kind, verification));
    });
}

const forDatabases = 'it is for databases';

/** What is only known once the backup is found. */
function refuseFor({ id, kind, manifest }: FoundArchive, { sql, jobs, asSuperuser }: DrillCommandOptions): void {
  const given = Object.entries({ '--sql': sql, '--jobs': jobs, '--as-superuser': asSuperuser });
  const [option] = given.find(([, value]) => value !== undefined) ?? [];
  if (kind === 'media' && option) {
    throw new OperatorError('USAGE', `${option} is for databases, and ${id} holds media files`, `Leave ${option} out.`);
  }
  if (jobs !== undefined && manifest?.format !== 'parallel') {
    throw new OperatorError(
      'USAGE',
      `--jobs: ${id} is one archive, not a parallel backup, and is loaded by one session`,
      'Leave it out; backups made with --format parallel are loaded by many.',
    );
  }
}

function describe(kind: Kind, { backup, compared, seconds, bytesPerSecond, notes }: Verification): string {
  const time = `${prettyMilliseconds(seconds.restore * 1000)} (${prettyBytes(bytesPerSecond)}/s)`;
  return [
    `${backup} is proven: ${kind === 'media' ? 'all of it is read' : 'it restores'} in ${time}`,
    `  ${kind === 'media' ? filesText(compared) : tablesText(compared)}`,
    ...notes.map((note) => `  note: ${note}`),
  ].join('\n');
}

function filesText({ files, hashed }: Verification['compared']): string {
  return `${count(files, 'file')} compared ${hashed > 0 ? 'byte for byte' : 'by their number and size'}`;
}

function tablesText(compared: Verification['compared']): string {
  const { tables, rows, hashed, sequences, largeObjects, objects, assertions } = compared;
  const how = hashed === tables ? 'row for row' : hashed === 0 ? 'by their number' : `row for row in ${hashed} of them`;
  const others = [
    sequences > 0 && count(sequences, 'sequence'),
    largeObjects > 0 && count(largeObjects, 'large object'),
    objects > 0 && count(objects, 'definition'),
    assertions > 0 && count(assertions, 'assertion of your own', 'assertions of your own'),
  ].filter(Boolean);
  return `${count(tables, 'table')} with ${count(rows, 'row')} compared ${how}${others.length > 0 ? `; ${others.join(', ')}` : ''}`;
}
