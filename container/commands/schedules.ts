import type { Command } from 'commander';
import { execa } from 'execa';
import { type Kind, kinds } from '../../core/archive-name.js';
import { exitCodes, OperatorError } from '../../core/errors.js';
import { commandLinesOf, renderCrontab } from '../../core/schedules/crontab.js';
import { type DeployedSchedule, nextRun, renderSchedules } from '../../core/schedules/schedule-table.js';
import { defaultSchedules, type ScheduleName } from '../../core/schedules/schedules.js';
import { keepSchedules } from '../keep-schedules.js';
import { namesDatabase } from '../postgres/connection.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';
import { GivenOptions } from './given-options.js';

interface SchedulesOptions {
  readonly crontab?: true;
  readonly run?: true;
  readonly settings: string;
  readonly environment?: string;
  readonly json?: true;
}

export function registerSchedules(root: Command, invocation: Invocation): void {
  root
    .command('schedules')
    .description('Show what runs by itself: in a deployed environment, or as lines for the crontab of this machine.')
    .option('--crontab', 'print the default schedules as lines for "crontab -e"')
    .option(
      '--run',
      'start each when it is due, and stay: those of BACKUP_SCHEDULES, or the default ones without drill',
    )
    // Not called --env-file: Node takes that for itself wherever it stands, and ends where there is no such file yet.
    .option('--settings <path>', '--crontab: the file in which the settings stand', '/etc/respaldo.env')
    .option('-e, --environment <name>', 'the deployed environment whose schedules are shown')
    .option('--json', 'print the deployed schedules as JSON')
    .action(async ({ crontab, run: keep, settings, environment, json }: SchedulesOptions, command: Command) => {
      const given = new GivenOptions(command);
      const wanted = [crontab, keep, environment].filter((each) => each !== undefined);
      if (wanted.length !== 1) {
        throw new OperatorError(
          'USAGE',
          'schedules: say which',
          'Give one of --crontab for lines of a crontab, --run to start them from here, and -e NAME for those of a deployed environment.',
        );
      }
      given.needs('--settings', '--crontab');
      given.needs('--json', '--environment');
      const run = await invocation.start();
      if (crontab) {
        invocation.print(crontabOf(run, settings));
      } else if (keep) {
        await keepOwn(run);
      } else {
        invocation.print(await deployed(run, environment ?? '', json === true));
      }
    });
}

/** What this machine's settings name; both where they name nothing. */
function keptKinds({ settings, environment }: Run): readonly Kind[] {
  const named = kinds.filter((kind) =>
    kind === 'media' ? settings.MEDIA_ROOT !== undefined : namesDatabase(settings, environment),
  );
  return named.length > 0 ? named : kinds;
}

/** The default schedules but the backups of what is not kept here. */
function defaultNames(kept: readonly Kind[]): readonly ScheduleName[] {
  const names = Object.keys(defaultSchedules) as ScheduleName[];
  return names.filter((name) => !(name === 'database' || name === 'media') || kept.includes(name));
}

function crontabOf(run: Run, envFile: string): string {
  const kept = keptKinds(run);
  const program = [process.execPath, `--env-file=${envFile}`, process.argv[1] ?? 'respaldo'];
  const path = run.environment.PATH ?? '/usr/bin:/bin';
  return renderCrontab({ program, path, envFile, names: defaultNames(kept), kinds: kept });
}

/** What a container without a cron of its own runs: each command of a schedule, as a process of its own. */
async function keepOwn(run: Run): Promise<void> {
  const { settings, log, now, signal } = run;
  const kept = keptKinds(run);
  const schedules =
    settings.BACKUP_SCHEDULES ??
    defaultNames(kept).flatMap((name) => (name === 'drill' ? [] : [{ name, expression: defaultSchedules[name] }]));
  const unknown = schedules.find(({ name }) => !(name in defaultSchedules));
  if (unknown) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      `BACKUP_SCHEDULES names "${unknown.name}"`,
      `Use the names ${Object.keys(defaultSchedules).join(', ')}.`,
    );
  }
  const start = async (name: string) => {
    const codes: number[] = [];
    for (const words of commandLinesOf(name as ScheduleName, kept)) {
      if (signal.aborted) break;
      const { exitCode = exitCodes.bug } = await execa(process.execPath, [process.argv[1] ?? '', ...words], {
        ...{ stdio: ['ignore', 'inherit', 'inherit'], reject: false },
        ...{ cancelSignal: signal, forceKillAfterDelay: false },
      });
      codes.push(exitCode);
    }
    return codes.find((code) => code !== exitCodes.done) ?? exitCodes.done;
  };
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  await keepSchedules({ schedules, zone, start, log, now, signal });
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
