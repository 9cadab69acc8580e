import { Readable } from 'node:stream';
import type { Kind } from '../archive-name.js';
import { stampOf } from '../archive-name.js';
import { OperatorError } from '../errors.js';
import type { Event } from '../events.js';
import type { Storage } from '../storage.js';
import { type Job, taskLogPrefix } from './deployment.js';
import type { TaskEnd } from './task-end.js';

/** Where in the vault's bucket the notes of failures are: beside the backups, not among them. */
export const incidentsPrefix = 'incidents/';

export interface Incident {
  readonly job: Job;
  readonly kind: Kind;
  readonly target: string;
  readonly end: TaskEnd;
  /** Of the call that tells of it. */
  readonly requestId: string;
  readonly event: Event;
}

/**
 * Notes a task's failure in the vault, under a name that only this task has. The storage never replaces an object, so of
 * several that try only one succeeds.
 *
 * @returns whether the caller is the one to tell of it: the first, or a retry of the first
 */
export async function claimIncident(storage: Storage, incident: Incident): Promise<boolean> {
  const { end, requestId, event } = incident;
  const id = end.taskArn.slice(end.taskArn.lastIndexOf('/') + 1);
  const key = `${incidentFolder(incident)}${stampOf(end.createdAt)}-${id}.json`;
  const note = Buffer.from(JSON.stringify({ requestId, ...event }));
  try {
    await storage.write(key, Readable.from([note]), { expectedBytes: note.length });
    return true;
  } catch (error) {
    if (!(error instanceof OperatorError && error.code === 'ALREADY_STORED')) throw error;
    return (await readNote(storage, key)).requestId === requestId;
  }
}

/** The notes of a target's failures; their names begin with the stamp of when the task was made. */
export function incidentFolder({ job, kind, target }: Pick<Incident, 'job' | 'kind' | 'target'>): string {
  return `${taskLogPrefix(job, { kind, target })}/`;
}

/**
 * The event that a note holds, and the request that started the task.
 *
 * @throws OperatorError the storage's; SyntaxError where it is no JSON
 */
export async function readNote(
  storage: Storage,
  key: string,
): Promise<{ readonly requestId?: string } & Partial<Event>> {
  const chunks: Buffer[] = [];
  for await (const chunk of await storage.read(key)) chunks.push(Buffer.from(chunk));
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
