import { parentPort, Worker } from 'node:worker_threads';
import { builtFile } from '../built.js';
import type { Channel } from './worker-pool.js';

/** A thread that loads one of the worker programs, and waits to be told what to do. Until then it keeps nothing alive. */
export class WaitingThread {
  private readonly thread: Worker;
  private reason: Error | undefined;

  /** @param program its file in the build */
  constructor(program: string) {
    this.thread = new Worker(builtFile(program), { stdout: false, stderr: false });
    this.thread.unref();
    this.thread.on('error', (error: Error) => {
      this.reason = error;
    });
  }

  /** Tells it, once, and gives the line to it. */
  begin<Outgoing, Incoming>(start: unknown): Channel<Outgoing, Incoming> {
    const { thread } = this;
    thread.ref();
    thread.postMessage(start);
    return {
      send: (message) => thread.postMessage(message),
      onMessage: (handle) => thread.on('message', handle),
      onClose: (handle) => thread.once('exit', () => handle(this.reason)),
      close: () => void thread.terminate(),
    };
  }

  async end(): Promise<void> {
    await this.thread.terminate();
  }
}

/** From inside the thread: waits for what it is to do; what comes after that is kept until somebody listens. */
export async function threadChannel<Start, Outgoing, Incoming>(): Promise<{
  readonly start: Start;
  readonly channel: Channel<Outgoing, Incoming>;
}> {
  const port = parentPort;
  if (!port) throw new Error('this program is a worker: it is started by respaldo itself');
  const early: Incoming[] = [];
  let take = (message: Incoming): void => {
    early.push(message);
  };
  const start = await new Promise<Start>((resolve) =>
    port.once('message', (first: Start) => {
      port.on('message', (message: Incoming) => take(message));
      resolve(first);
    }),
  );
  return {
    start,
    channel: {
      send: (message) => port.postMessage(message),
      onMessage: (handle) => {
        take = handle;
        for (const message of early.splice(0)) handle(message);
      },
      onClose: (handle) => port.once('close', () => handle(undefined)),
      close: () => port.close(),
    },
  };
}
