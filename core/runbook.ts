import type { Failure } from './events.js';

/** The alarms, by the heading that each has in docs/runbook.md. */
export const alarmHeadings = {
  tooOld: 'Backup too old',
  taskFailed: 'Task failed',
  halved: 'Backup size halved',
  drill: 'Drill failed',
  lambdaErrors: 'Lambda errors',
  deadLetters: 'Dead letters',
  replication: 'Replication failed',
} as const;
export type AlarmName = keyof typeof alarmHeadings;

/** The link to a heading, as GitHub and most others make it from the heading's text. */
export function runbookLink(runbook: string, heading: string): string {
  const slug = heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
  return `${runbook}#${slug}`;
}

/** The link to what is to be done about a failure. */
export function failureLink(runbook: string, code: Failure['code']): string {
  return runbookLink(runbook, code);
}
