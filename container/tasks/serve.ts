import { hostname } from 'node:os';
import { messageOf, OperatorError } from '../../core/errors.js';
import { defaultJobs } from '../parallel/dump-threads.js';
import { WaitingThread } from '../parallel/thread-channel.js';
import type { Channel } from '../parallel/worker-pool.js';
import type { Run } from '../run.js';
import type { Assignment, Hello } from './assignment.js';
import { Line } from './line.js';
import { type Address, type Credentials, connectSecurely } from './secure.js';

/** Milliseconds that a worker may take to leave nothing half-done. */
const patience = 3_000;

export interface ServeOptions {
  readonly address: Address;
  readonly run: string;
  readonly jobs?: number | undefined;
}

const programs = { dump: 'dump-thread.js', load: 'load-thread.js' } as const;

/**
 * Works for another task's run: each worker is a thread with a line of its own to there, and does what its orders say
 * until it is told to stop.
 *
 * @throws OperatorError TASK_LOST where the other task cannot be reached, or is gone before it said so
 */
export async function serve(run: Run, { address, run: id, jobs = defaultJobs() }: ServeOptions): Promise<void> {
  const secret = run.settings.BACKUP_TASKS_SECRET;
  if (!secret)
    throw new OperatorError(
      'SETTINGS_INVALID',
      'worker: BACKUP_TASKS_SECRET is not set',
      'Set it to what the task that is to be helped has. "respaldo backup --tasks" starts its workers by itself.',
    );
  const reasons = await Promise.all(
    Array.from({ length: jobs }, () => work(run, address, { secret, run: id }).catch((error) => error as Error)),
  );
  run.signal.throwIfAborted();
  const reason = reasons.find((each) => each !== undefined);
  if (!reason) return;
  throw new OperatorError(
    'TASK_LOST',
    `the task at ${address.host}:${address.port} is gone: ${messageOf(reason)}`,
    'Nothing half-done was left here. The log of that task tells what became of the run.',
  );
}

/** One worker. Answers why it ended, undefined where that was in peace. */
async function work(run: Run, address: Address, credentials: Credentials): Promise<Error | undefined> {
  const line = new Line<Hello, Assignment>(await connectSecurely(address, credentials));
  const leave = () => line.close(messageOf(run.signal.reason));
  run.signal.addEventListener('abort', leave, { once: true });
  try {
    return await new Promise((resolve) => {
      line.onClose(resolve);
      line.onMessage(({ work: kind, brief }) => {
        const told = { ...brief, environment: { ...run.environment }, settings: run.settings };
        const thread = new WaitingThread(programs[kind]).begin<object, object>(told);
        join(line as unknown as Line<object, object>, thread, resolve);
      });
      line.send({ version: run.version, task: `${hostname()}, process ${process.pid}` });
    });
  } finally {
    run.signal.removeEventListener('abort', leave);
  }
}

/** Passes on everything that either says. With the one end gone, the other ends, too. */
function join(
  line: Line<object, object>,
  thread: Channel<object, object>,
  done: (reason: Error | undefined) => void,
): void {
  let lost: Error | undefined;
  line.onMessage((message) => thread.send(message));
  thread.onMessage((message) => line.send(message));
  line.onClose((reason) => {
    lost = reason;
    thread.send({ type: 'abort' });
    thread.send({ type: 'stop' });
    setTimeout(() => thread.close(), patience).unref();
  });
  thread.onClose((reason) => {
    line.close(reason?.message);
    done(lost ?? reason);
  });
}
