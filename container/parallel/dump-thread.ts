import { workerData } from 'node:worker_threads';
import { type DumpedPart, type DumpOrder, type DumpStart, dumpWork } from './dump-work.js';
import { threadChannel } from './thread-channel.js';
import { workLoop } from './worker-loop.js';
import type { FromWorker, ToWorker } from './worker-pool.js';

const channel = threadChannel<FromWorker<DumpedPart>, ToWorker<DumpOrder>>();
await workLoop(channel, await dumpWork(workerData as DumpStart));
channel.close();
