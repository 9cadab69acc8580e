import type { Step } from '../../core/log.js';
import type { Run } from '../run.js';
import { type Crew, type CrewOptions, callCrew } from '../tasks/crew.js';
import type { WorkerPool } from './worker-pool.js';

/**
 * Does work whose orders go to a pool: shows how far it is, ends the workers when the run is broken off, and, however the
 * work ends, waits until they and the tasks that brought some of them are gone.
 *
 * @param done bytes done so far
 * @param work is given the call for other tasks, whose workers then join the pool
 */
export async function byWorkers<Order, Result, Value>(
  run: Run,
  pool: WorkerPool<Order, Result>,
  { step, done }: { readonly step: Step; readonly done: () => number },
  work: (call: (options: CrewOptions) => void) => Promise<Value>,
): Promise<Value> {
  const ticker = setInterval(() => step.update(done()), 250);
  const endEarly = () => void pool.end(run.signal.reason);
  run.signal.addEventListener('abort', endEarly, { once: true });
  let crew: Crew | undefined;
  let failure: unknown;
  try {
    return await work((options) => {
      crew = callCrew(run, pool, options);
    });
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    clearInterval(ticker);
    run.signal.removeEventListener('abort', endEarly);
    step.end();
    await pool.end(failure);
    await crew?.close();
  }
}
