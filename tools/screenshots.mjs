// Makes the pictures of the documents: `npm run screenshots`. Runs the demo, so that its page is one of them.
import { spawnSync } from 'node:child_process';
import { setUp } from './setup.mjs';

setUp('test');
const root = new URL('..', import.meta.url).pathname;
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
process.exitCode =
  run('tools/build.mjs') ||
  run('--import', 'tsx', 'tools/demo/main.ts') ||
  run('--import', 'tsx', 'tools/screenshots/main.ts');
