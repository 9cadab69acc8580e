import { workerData } from 'node:worker_threads';
import { type LoadOrder, type LoadStart, loadWork } from './load-work.js';
import { threadChannel } from './thread-channel.js';
import { workLoop } from './worker-loop.js';
import type { FromWorker, ToWorker } from './worker-pool.js';

const channel = threadChannel<FromWorker<null>, ToWorker<LoadOrder>>();
await workLoop(channel, await loadWork(workerData as LoadStart));
channel.close();
