// Sets the machine up, checks form, types and that nothing is unused, and runs the tests: `npm test [-- files or vitest's options]`.
import { spawnSync } from 'node:child_process';
import { setUp } from './setup.mjs';

setUp('test');
const root = new URL('..', import.meta.url).pathname;
const run = (tool, ...args) =>
  spawnSync(process.execPath, [`${root}node_modules/${tool}`, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;

const steps = [
  () => run('@biomejs/biome/bin/biome', 'check', '.'),
  () => run('typescript/bin/tsc', '--noEmit'),
  () => run('knip/bin/knip.js'),
  () => run('vitest/vitest.mjs', 'run', ...process.argv.slice(2)),
];
// All of them, whatever the first ones say: one run shows everything that is wrong.
process.exitCode = Math.max(...steps.map((step) => step()));
