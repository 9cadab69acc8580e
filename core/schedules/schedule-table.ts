import type { Deployment } from '../deployed/deployment.js';
import { nextRuns, parseSchedule } from './schedules.js';
import { formatLocalTime } from './time-zone.js';

/** A schedule as it is deployed, and how its last run ended. */
export interface DeployedSchedule {
  readonly name: string;
  readonly expression: string;
  readonly zone: string;
  readonly enabled: boolean;
  /** Undefined where nothing is known of any run. */
  readonly last: LastRun | undefined;
}

export interface LastRun {
  readonly time: Date;
  readonly ok: boolean;
  /** The backup, or why it failed. */
  readonly what: string;
}

/** The next run; undefined where it is switched off, or counted from a time that is not known here. */
export function nextRun({ expression, zone, enabled }: DeployedSchedule, now: Date): Date | undefined {
  const parsed = parseSchedule(expression);
  if (!enabled || typeof parsed === 'string' || 'everyMinutes' in parsed) return undefined;
  return nextRuns(parsed, zone, now, 1)[0];
}

/** One line a schedule: its name, when it runs, its next run in its own zone, its last result. */
export function renderSchedules(
  { environment, zone }: Pick<Deployment, 'environment' | 'zone'>,
  schedules: readonly DeployedSchedule[],
  now: Date,
): string {
  const lines = schedules.map((schedule) => {
    const next = nextRun(schedule, now);
    const when = schedule.enabled ? (next ? formatLocalTime(next, schedule.zone) : 'by its rate') : 'switched off';
    return `${schedule.name.padEnd(20)} | ${schedule.expression.padEnd(22)} | next ${when.padEnd(16)} | ${lastText(schedule)}`;
  });
  return [`Schedules of ${environment} (${schedules.length}), times in ${zone}:`, '-'.repeat(80), ...lines].join('\n');
}

function lastText({ last, zone }: DeployedSchedule): string {
  if (!last) return 'no run known';
  return `last ${formatLocalTime(last.time, zone)} ${last.ok ? 'ok' : 'FAILED'}: ${last.what}`;
}
