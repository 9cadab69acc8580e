import { type LoadOrder, type LoadStart, loadWork } from './load-work.js';
import { threadChannel } from './thread-channel.js';
import { workLoop } from './worker-loop.js';
import type { FromWorker, ToWorker } from './worker-pool.js';

const { start, channel } = await threadChannel<LoadStart, FromWorker<null>, ToWorker<LoadOrder>>();
await workLoop(channel, await loadWork(start));
channel.close();
