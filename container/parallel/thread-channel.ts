import { parentPort, Worker } from 'node:worker_threads';
import type { Channel } from './worker-pool.js';

/** Starts a thread that runs one of the worker programs, and gives the line to it. */
export function startThread<Outgoing, Incoming>(program: URL, workerData: unknown): Channel<Outgoing, Incoming> {
  const thread = new Worker(program, { workerData, stdout: false, stderr: false });
  let reason: Error | undefined;
  thread.on('error', (error: Error) => {
    reason = error;
  });
  return {
    send: (message) => thread.postMessage(message),
    onMessage: (handle) => thread.on('message', handle),
    onClose: (handle) => thread.once('exit', () => handle(reason)),
    close: () => void thread.terminate(),
  };
}

/** The same line, from inside the thread. */
export function threadChannel<Outgoing, Incoming>(): Channel<Outgoing, Incoming> {
  const port = parentPort;
  if (!port) throw new Error('this program is a worker: it is started by respaldo itself');
  return {
    send: (message) => port.postMessage(message),
    onMessage: (handle) => port.on('message', handle),
    onClose: (handle) => port.once('close', () => handle(undefined)),
    close: () => port.close(),
  };
}
