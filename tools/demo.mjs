// Sets the machine up and runs the demo: `npm run demo`.
import { spawnSync } from 'node:child_process';
import { setUp } from './setup.mjs';

setUp('demo');
// Ctrl-C reaches the demo as well, which clears up; this process waits for it.
process.on('SIGINT', () => {});
const root = new URL('..', import.meta.url).pathname;
const run = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
process.exitCode = run('tools/build.mjs') || run('--import', 'tsx', 'tools/demo/main.ts');
