import type { Kind } from '../archive-name.js';
import { parseCron } from './cron.js';
import { defaultSchedules, type ScheduleName } from './schedules.js';

const commandLines: Readonly<Record<Exclude<ScheduleName, 'drill'>, readonly string[]>> = {
  database: ['backup', '--database'],
  media: ['backup', '--media'],
  cleanup: ['cleanup'],
  check: ['check'],
};

export interface CrontabOptions {
  /** The program as it is called here: `/usr/bin/node --env-file=/etc/respaldo.env /opt/respaldo/dist/respaldo.js`. */
  readonly program: readonly string[];
  readonly path: string;
  readonly envFile: string;
  /** Which of the default schedules. */
  readonly names: readonly ScheduleName[];
  /** What is drilled. */
  readonly kinds: readonly Kind[];
}

/**
 * The default schedules as crontab(5) takes them, in the machine's own time zone.
 *
 * @returns lines to paste into `crontab -e`
 */
export function renderCrontab({ program, path, envFile, names, kinds }: CrontabOptions): string {
  const lines = names.flatMap((name) => {
    const cron = parseCron(defaultSchedules[name]);
    const times = typeof cron === 'string' ? undefined : cron.crontab;
    return commandLinesOf(name, kinds).map(
      (words) => `${(times ?? '').padEnd(12)} ${[...program, ...words].map(quoted).join(' ')}`,
    );
  });
  return [
    '# respaldo. What fails is mailed by cron; set MAILTO to whom.',
    `# The settings stand in ${envFile}, a NAME=value a line, readable by this user alone.`,
    `PATH=${[...new Set(path.split(':'))].join(':')}`,
    ...lines,
  ].join('\n');
}

/** The program's arguments for what a schedule runs on a machine of its own: a drill proves one kind at a time. */
export function commandLinesOf(name: ScheduleName, kinds: readonly Kind[]): readonly (readonly string[])[] {
  if (name !== 'drill') return [commandLines[name]];
  return kinds.map((kind) => (kind === 'media' ? ['drill', '--media'] : ['drill']));
}

/** For sh, within a crontab, where a percent sign would end the command. */
function quoted(word: string): string {
  const safe = /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  return safe.replaceAll('%', '\\%');
}
