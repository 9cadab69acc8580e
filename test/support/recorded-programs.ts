import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import { findProgram } from '../../container/streams/programs.js';
import type { startRespaldo } from './cli.js';
import { childrenOf } from './processes.js';

/** How a child process was started. */
export interface Started {
  readonly name: string;
  readonly args: string;
  readonly environ: string;
}

const outside = ['age', 'age-keygen', 'gpg', 'igzip', 'pigz', 'zstd', 'tar'];
const ofPostgres = ['initdb', 'postgres', 'pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];

/**
 * Programs of the same names before the real ones, which write down the arguments and the environment that they are
 * started with, however short they live. What is not found by its name (Node itself) is looked at while it runs.
 */
export async function recordedPrograms(folder: string) {
  const [shims, records] = [join(folder, 'programs'), join(folder, 'records')];
  for (const each of [shims, records]) await mkdir(each);
  await chmod(records, 0o777); // the throw-away server's user writes there too
  const { binDirectory } = inject('postgres');
  for (const name of [...outside, ...ofPostgres]) {
    const real = ofPostgres.includes(name) ? join(binDirectory, name) : await findProgram(name);
    if (!real) continue;
    const record = `${records}/${name}.$$`;
    await writeFile(
      join(shims, name),
      `#!/bin/sh\n/bin/cat /proc/$$/environ >${record}.environ\n/bin/cat /proc/$$/cmdline >${record}.args\nexec ${real} "$@"\n`,
      { mode: 0o755 },
    );
  }
  const seen = new Map<number, Started>();
  const look = async (parent: number): Promise<void> => {
    for (const { pid, name } of await childrenOf(parent)) {
      try {
        const environ = await readFile(`/proc/${pid}/environ`, 'latin1');
        const args = await readFile(`/proc/${pid}/cmdline`, 'latin1');
        // What the programs above write down by.
        if (args.startsWith('/bin/cat\0/proc/')) continue;
        // Between fork and exec a child still looks like its parent.
        if (args !== (await readFile(`/proc/${parent}/cmdline`, 'latin1'))) seen.set(pid, { name, args, environ });
      } catch {
        // it ended while it was looked at
      }
      await look(pid);
    }
  };
  return {
    env: { PATH: `${shims}:${process.env.PATH}`, PG_BINDIR: shims },
    watch: async (run: ReturnType<typeof startRespaldo>) => {
      let over = false;
      const looking = (async () => {
        for (; !over; await delay(20)) await look(run.pid ?? 0);
      })();
      const result = await run.finally(() => {
        over = true;
      });
      await looking;
      return result;
    },
    started: async (): Promise<Started[]> => {
      const names = (await readdir(records)).filter((name) => name.endsWith('.environ'));
      const recorded = names.map(async (name) => ({
        name: name.split('.')[0] ?? '',
        environ: await readFile(join(records, name), 'latin1'),
        args: await readFile(join(records, name.replace(/environ$/, 'args')), 'latin1'),
      }));
      return [...(await Promise.all(recorded)), ...seen.values()];
    },
  };
}
