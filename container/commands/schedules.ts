import type { Command } from 'commander';
import { commandOf, renderCrontab } from '../../core/crontab.js';
import { OperatorError } from '../../core/errors.js';
import { type DeployedSchedule, nextRun, renderSchedules } from '../../core/schedule-table.js';
import { defaultSchedules, type ScheduleName } from '../../core/schedules.js';
import { namesDatabase } from '../postgres/connection.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';

interface SchedulesOptions {
  readonly crontab?: true;
  readonly envFile: string;
  readonly environment?: string;
  readonly json?: true;
}

export function registerSchedules(root: Command, invocation: Invocation): void {
  root
    .command('schedules')
    .description('Show what runs by itself: in a deployed environment, or as lines for the crontab of this machine.')
    .option('--crontab', 'print the default schedules as lines for "crontab -e"')
    .option('--env-file <path>', '--crontab: where the settings stand', '/etc/respaldo.env')
    .option('-e, --environment <name>', 'the deployed environment whose schedules are shown')
    .option('--json', 'print the deployed schedules as JSON')
    .action(async ({ crontab, envFile, environment, json }: SchedulesOptions) => {
      const run = await invocation.start();
      if (crontab && environment === undefined) {
        const known = root.commands.map((command) => command.name());
        invocation.print(crontabOf(run, envFile, (command) => known.includes(command)));
      } else if (environment !== undefined && !crontab) {
        invocation.print(await deployed(run, environment, json === true));
      } else {
        throw new OperatorError(
          'USAGE',
          'schedules: say which',
          'Give --crontab for the lines of a crontab, or -e NAME for those of a deployed environment.',
        );
      }
    });
}

/** The schedules of what this machine's settings name; all of them where they name nothing. */
function crontabOf({ settings, environment }: Run, envFile: string, isCommand: (name: string) => boolean): string {
  const hasDatabase = namesDatabase(settings, environment);
  const hasMedia = settings.MEDIA_ROOT !== undefined;
  const left: readonly ScheduleName[] = hasDatabase === hasMedia ? [] : hasDatabase ? ['media'] : ['database', 'drill'];
  const names = (Object.keys(defaultSchedules) as ScheduleName[]).filter(
    (name) => !left.includes(name) && isCommand(commandOf(name)),
  );
  const program = [process.execPath, `--env-file=${envFile}`, process.argv[1] ?? 'respaldo'];
  return renderCrontab({ program, path: environment.PATH ?? '/usr/bin:/bin', envFile, names });
}

async function deployed({ settings, now }: Run, environment: string, json: boolean): Promise<string> {
  const { awsFailed, deployedEnvironment } = await import('../../core/aws/deployed-environment.js');
  const { vaultSchedules } = await import('../../core/aws/deployed-schedules.js');
  const deployment = await deployedEnvironment(environment);
  const endpoint = settings.AWS_ENDPOINT_URL_S3 ?? settings.AWS_ENDPOINT_URL;
  let schedules: readonly DeployedSchedule[];
  try {
    schedules = await vaultSchedules(deployment, endpoint, now());
  } catch (error) {
    throw error instanceof OperatorError ? error : awsFailed(`schedules of "${environment}" not read`, error);
  }
  if (!json) return renderSchedules(deployment, schedules, now());
  return JSON.stringify(
    schedules.map((schedule) => ({ ...schedule, next: nextRun(schedule, now()) })),
    null,
    2,
  );
}
