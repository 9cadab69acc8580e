#!/usr/bin/env node
import { collectWithoutHelpers } from './collector.js';
import { DumpThreads } from './parallel/dump-threads.js';

collectWithoutHelpers();
// The program takes as long to load as its threads do: whoever asks for them gets both at once.
if (/^backup .*--format[ =]parallel\b/.test(process.argv.slice(2).join(' '))) DumpThreads.loadEarly();
await import('./cli.js');
