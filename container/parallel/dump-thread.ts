import { type DumpedPart, type DumpOrder, type DumpStart, dumpWork } from './dump-work.js';
import { threadChannel } from './thread-channel.js';
import { workLoop } from './worker-loop.js';
import type { FromWorker, ToWorker } from './worker-pool.js';

const { start, channel } = await threadChannel<DumpStart, FromWorker<DumpedPart>, ToWorker<DumpOrder>>();
await workLoop(channel, await dumpWork(start));
channel.close();
