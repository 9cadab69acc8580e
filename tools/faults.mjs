// Plays rounds of random faults: `npm run test:faults -- [--rounds N] [--seed S] [--seconds N] [--record FILE]`.
// A round is chosen by its seed alone, counted up from S, so that one round can be repeated: `--seed S --rounds 1`.
// `--record` adds each round to a file; `npm run test:faults -- --report FILE` writes those into docs/promises.md.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const { values } = parseArgs({ options: { rounds: text, seed: text, seconds: text, record: text, report: text } });
const root = new URL('..', import.meta.url).pathname;
const { rounds = '100', seed, seconds = '1000000', record, report } = values;
const run = (...args) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: environment }).status ?? 1;
const environment = {
  ...process.env,
  FAULT_ROUNDS: rounds,
  FAULT_SECONDS: seconds,
  ...(seed ? { FAULT_SEED: seed } : {}),
  ...(record ? { FAULT_RECORD: record } : {}),
};
process.exitCode = report
  ? run('--import', 'tsx', 'tools/docs/promises.ts', report)
  : // Not tried again: what fails once is what is looked for.
    run('node_modules/vitest/vitest.mjs', 'run', '--retry=0', 'test/faults/faults.test.ts');
