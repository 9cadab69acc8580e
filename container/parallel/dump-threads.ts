import { availableParallelism } from 'node:os';
import type { DumpedPart, DumpOrder, DumpStart } from './dump-work.js';
import { WaitingThread } from './thread-channel.js';
import type { Channel, FromWorker, ToWorker } from './worker-pool.js';

/** More workers than cores are slower; more than this are unkind to a server that is at work. */
const mostJobs = 8;

export function defaultJobs(): number {
  return Math.min(mostJobs, availableParallelism());
}

/** The threads of a parallel dump. They load their program while the server is still being asked what there is to dump. */
export class DumpThreads {
  private readonly waiting: WaitingThread[];

  constructor(count: number) {
    this.waiting = Array.from({ length: count }, started);
  }

  begin(start: DumpStart): Channel<ToWorker<DumpOrder>, FromWorker<DumpedPart>> {
    return (this.waiting.pop() ?? started()).begin(start);
  }

  /** Ends those that nothing was given to. */
  async close(): Promise<void> {
    await Promise.all(this.waiting.splice(0).map((thread) => thread.end()));
  }
}

function started(): WaitingThread {
  return new WaitingThread('dump-thread.js');
}
