import { randomBytes } from 'node:crypto';
import { messageOf } from '../../core/errors.js';
import type { FromWorker, ToWorker, WorkerPool } from '../parallel/worker-pool.js';
import type { Run } from '../run.js';
import type { Assignment, Hello } from './assignment.js';
import { type Launcher, launcherFor } from './launcher.js';
import { Line } from './line.js';
import { type Address, type Listening, listenSecurely } from './secure.js';

/** The other tasks of a run. */
export interface Crew {
  /** After the pool's end: takes nobody any more, and waits until the tasks are gone. */
  close(): Promise<void>;
}

export interface CrewOptions {
  /** All tasks, this one counted. */
  readonly tasks: number;
  /** Workers of each; undefined: what suits its host. */
  readonly jobs: number | undefined;
  readonly assignment: Assignment;
}

/**
 * Starts the other tasks. Their workers join the pool as they come, and take from it what is next; the order of one that
 * is lost goes to another. Tasks that do not come are warned of and waited for by nobody.
 */
export function callCrew<Order, Result>(run: Run, pool: WorkerPool<Order, Result>, options: CrewOptions): Crew {
  const { tasks, jobs, assignment } = options;
  if (tasks <= 1) return { close: async () => {} };
  const credentials = {
    secret: run.settings.BACKUP_TASKS_SECRET ?? randomBytes(32).toString('hex'),
    run: randomBytes(8).toString('hex'),
  };
  const lines: Line<ToWorker<Order> | Assignment, FromWorker<Result> | Hello>[] = [];
  const present = new Map<string, number>();
  let listening: Listening | undefined;
  let launcher: Launcher | undefined;
  const called = call().catch((error) => {
    run.log.warn(`no further tasks, this one goes on alone: ${messageOf(error)}`);
  });
  return {
    close: async () => {
      await called;
      listening?.close();
      for (const line of lines) line.close();
      await launcher?.close();
    },
  };

  async function call(): Promise<void> {
    launcher = await launcherFor(run, credentials.secret);
    listening = await listenSecurely(
      launcher,
      credentials,
      (socket) => admit(new Line(socket)),
      (reason) => run.log.warn(`a connection was refused: ${reason}`),
    );
    const workers = jobs === undefined ? [] : ['--jobs', String(jobs)];
    const connect = ['--connect', addressText(listening.address), '--run', credentials.run];
    await launcher.launch(tasks - 1, ['worker', ...connect, ...workers]);
  }

  function admit(line: (typeof lines)[number]): void {
    lines.push(line);
    line.onMessage((first) => {
      const { version, task } = first as Hello;
      if (version !== run.version) return line.close(`it runs version ${run.version}, not ${version}`);
      enter(task);
      pool.add({
        send: (message) => line.send(message),
        onMessage: (handle) => line.onMessage((message) => handle(message as FromWorker<Result>)),
        onClose: (handle) =>
          line.onClose((reason) => {
            leave(task, reason);
            handle(reason);
          }),
        close: () => line.close(),
      });
      line.send(assignment);
    });
  }

  function enter(task: string): void {
    const workers = present.get(task);
    if (workers === undefined) run.log.info(`${task} has joined`);
    present.set(task, (workers ?? 0) + 1);
  }

  function leave(task: string, reason: Error | undefined): void {
    const workers = (present.get(task) ?? 0) - 1;
    present.set(task, workers);
    if (reason && workers === 0) run.log.warn(`${task} was lost, its share goes to the others: ${reason.message}`);
  }
}

function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
