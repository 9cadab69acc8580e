import { type Command, InvalidArgumentError } from 'commander';
import type { Invocation } from '../program.js';
import type { Address } from '../tasks/secure.js';
import { serve } from '../tasks/serve.js';
import { wholeNumber } from './option-values.js';

/** Not shown by --help: tasks start it in each other. */
export function registerWorker(root: Command, invocation: Invocation): void {
  root
    .command('worker', { hidden: true })
    .description('Work for a run with several tasks; started by the first of them.')
    .requiredOption('--connect <host:port>', 'where the first task listens', address)
    .requiredOption('--run <id>', 'the run')
    .option('--jobs <n>', 'workers (the cores, at most 8)', wholeNumber)
    .action(async ({ connect, run, jobs }: { connect: Address; run: string; jobs?: number }) => {
      await serve(await invocation.start(), { address: connect, run, jobs });
    });
}

function address(value: string): Address {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(value) ?? [];
  if (!host || Number(port) > 65_535) throw new InvalidArgumentError('Give a host and a port, like 10.0.0.5:7431.');
  return { host, port: Number(port) };
}
