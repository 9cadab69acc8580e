import { parseCron } from './cron.js';
import { defaultSchedules, type ScheduleName } from './schedules.js';

/** What each schedule runs on a machine of its own. */
const commandLines: Readonly<Record<ScheduleName, readonly string[]>> = {
  database: ['backup', '--database'],
  media: ['backup', '--media'],
  cleanup: ['cleanup'],
  check: ['check'],
  drill: ['drill'],
};

export interface CrontabOptions {
  /** The program as it is called here: `/usr/bin/node --env-file=/etc/respaldo.env /opt/respaldo/dist/respaldo.js`. */
  readonly program: readonly string[];
  readonly path: string;
  readonly envFile: string;
  /** Which of the default schedules. */
  readonly names: readonly ScheduleName[];
}

/**
 * The default schedules as crontab(5) takes them, in the machine's own time zone.
 *
 * @returns lines to paste into `crontab -e`
 */
export function renderCrontab({ program, path, envFile, names }: CrontabOptions): string {
  const lines = names.map((name) => {
    const cron = parseCron(defaultSchedules[name]);
    const times = typeof cron === 'string' ? undefined : cron.crontab;
    return `${(times ?? '').padEnd(12)} ${[...program, ...commandLines[name]].map(quoted).join(' ')}`;
  });
  return [
    '# respaldo. What fails is mailed by cron; set MAILTO to whom.',
    `# The settings stand in ${envFile}, a NAME=value a line, readable by this user alone.`,
    `PATH=${[...new Set(path.split(':'))].join(':')}`,
    ...lines,
  ].join('\n');
}

/** The program's arguments for a schedule. */
export function commandLineOf(name: ScheduleName): readonly string[] {
  return commandLines[name];
}

/** For sh, within a crontab, where a percent sign would end the command. */
function quoted(word: string): string {
  const safe = /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return safe.replaceAll('%', '\\%');
}
