import type { Anomaly } from './anomalies.js';
import type { Kind } from './archive-name.js';
import type { ErrorCode } from './errors.js';

/** The `source` of every event on the bus. */
export const eventSource = 'respaldo';

/** Common to all: which deployment and target it is about. */
export interface About {
  /** The deployed environment; absent on a machine of its own. */
  readonly environment?: string;
  readonly kind: Kind;
  /** The target's name; the default target's is empty. */
  readonly target: string;
  /** The Fargate task, where it was one. */
  readonly taskArn?: string;
}

/** How something failed, for people and for rules that tell one failure from another. */
export interface Failure {
  /** The program's error code; or how the task ended where the program could not tell (see core/deployed/task-end.ts). */
  readonly code: ErrorCode | TaskFailureCode;
  /** One line: what happened. */
  readonly reason: string;
  /** A full sentence: what to do next. */
  readonly hint: string;
  readonly exitCode?: number;
  /** Link to the log. */
  readonly log?: string;
  /** Link to the runbook's heading. */
  readonly runbook: string;
}

/** Ends of a task that the program itself could not tell of. Each has a heading in docs/runbook.md. */
export const taskFailureCodes = [
  'TASK_NOT_STARTED',
  'OUT_OF_MEMORY',
  'SPOT_INTERRUPTED',
  'TASK_STOPPED',
  'NO_MANIFEST',
  'BUG',
] as const;
type TaskFailureCode = (typeof taskFailureCodes)[number];

/** An event whose list may be long. */
interface Shortened {
  /** So many more there were than are listed; the log names them all. */
  readonly more?: number;
}

/** The details of each event, by its `detail-type`. Times are ISO 8601 in UTC, sizes bytes of what is stored. */
interface Events {
  'Backup Completed': About & {
    readonly backup: string;
    readonly bytes: number;
    readonly startedAt: string;
    readonly finishedAt: string;
    readonly storedIn: readonly string[];
  };
  'Backup Failed': About & Failure;
  /** The backup is complete, and something about it is odd. */
  'Backup Anomaly': About & Shortened & { readonly backup: string; readonly anomalies: readonly Anomaly[] };
  'Restore Completed': About & { readonly backup: string; readonly into: string; readonly kept?: string };
  'Restore Failed': About & Failure;
  'Drill Passed': About & { readonly backup: string; readonly seconds: number };
  'Drill Failed': About & Failure & { readonly backup?: string };
  'Cleanup Completed': About & Shortened & { readonly removed: readonly string[]; readonly kept: number };
}

export type EventName = keyof Events;

/** Those that people get a mail of, by way of EventBridge and SNS. */
export const mailedEvents = ['Backup Failed', 'Restore Failed', 'Drill Failed'] as const satisfies readonly EventName[];

/** One event: its name and its details. */
export type Event = { readonly [Name in EventName]: { readonly name: Name; readonly detail: Events[Name] } }[EventName];

/**
 * EventBridge takes 256 KB for an event, and a table's name has up to 252 bytes.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
 */
const mostListed = 100;

/** The event as the bus can take it and a mail can show it. */
export function asSent(event: Event): Event {
  return isFailure(event) ? inOneLine(event) : shortened(event);
}

type FailureEvent = Extract<Event, { readonly name: (typeof mailedEvents)[number] }>;

function isFailure(event: Event): event is FailureEvent {
  return mailedEvents.some((name) => name === event.name);
}

/** Of a line break in a detail, EventBridge's template for mails makes two characters in the midst of the text. */
function inOneLine(event: FailureEvent): Event {
  const { reason, hint } = event.detail;
  return { ...event, detail: { ...event.detail, reason: oneLine(reason), hint: oneLine(hint) } } as FailureEvent;
}

/** What a line with a colon announces follows it; other lines are parted by semicolons. */
function oneLine(text: string): string {
  const lines = text
    .split(/[\n\v\f\r\u0085\u2028\u2029]+/)
    .map((line) => line.replace(/\p{Cc}+/gu, ' ').trim())
    .filter((line) => line !== '');
  return lines.reduce((whole, line) => `${whole}${/[:;,.!?]$/.test(whole) ? '' : ';'} ${line}`, lines.shift() ?? '');
}

/** Of a long list the first ones, and how many more there were. */
function shortened(event: Event): Event {
  if (event.name === 'Backup Anomaly') {
    const { anomalies } = event.detail;
    return { ...event, detail: { ...event.detail, anomalies: anomalies.slice(0, mostListed), ...more(anomalies) } };
  }
  if (event.name === 'Cleanup Completed') {
    const { removed } = event.detail;
    return { ...event, detail: { ...event.detail, removed: removed.slice(0, mostListed), ...more(removed) } };
  }
  return event;
}

function more({ length }: readonly unknown[]): Shortened {
  return length > mostListed ? { more: length - mostListed } : {};
}
