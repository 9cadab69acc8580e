import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';
import { installedClients } from '../../container/postgres/clients.js';
import { freePort } from '../../container/postgres/free-port.js';
import { startThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { findProgram } from '../../container/streams/programs.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The throw-away cluster that all tests share; each makes databases of its own. */
    postgres: { readonly port: number; readonly binDirectory: string };
    /** A moto server, or null where none could be installed. */
    s3Endpoint: string | null;
  }
}

/** Builds the program, and starts the servers that the tests share. They end with this process, however that ends. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
  const [clients] = await installedClients(process.env.PG_BINDIR);
  if (!clients) throw new Error('no PostgreSQL is installed: run "npm test", which installs what it needs');
  // What tests run of PostgreSQL by its name is to be of the server's own version.
  if (process.env.PG_BINDIR) process.env.PATH = `${clients.directory}${delimiter}${process.env.PATH}`;
  const server = await startThrowawayServer({
    binDirectory: clients.directory,
    parent: tmpdir(),
    settings: [
      'max_connections=200',
      'shared_buffers=256MB',
      'max_prepared_transactions=4',
      "password_encryption='scram-sha-256'",
    ],
    initArguments: ['--encoding=UTF8', '--locale=C.UTF-8'],
  });
  project.provide('postgres', { port: server.port, binDirectory: clients.directory });
  const moto = await startMoto();
  project.provide('s3Endpoint', moto?.endpoint ?? null);
  return async () => {
    await Promise.all([server.stop(), moto?.stop()]);
  };
}

async function startMoto(): Promise<{ endpoint: string; stop: () => Promise<void> } | undefined> {
  const program =
    (await findProgram('moto_server')) ?? (await findProgram('moto_server', join(process.cwd(), '.cache/moto/bin')));
  if (!program) {
    process.stderr.write(
      '\n*** moto_server is not installed: ALL S3 TESTS ARE SKIPPED (pip install "moto[server]") ***\n\n',
    );
    return undefined;
  }
  const port = await freePort();
  const args = ['-H', '127.0.0.1', '-p', String(port)];
  const setpriv = await findProgram('setpriv');
  const child = setpriv
    ? spawn(setpriv, ['--pdeathsig', 'KILL', program, ...args], { stdio: 'ignore' })
    : spawn(program, args, { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + 30_000; ; await delay(100)) {
    try {
      await fetch(`${endpoint}/moto-api/data.json`);
      break;
    } catch (error) {
      if (Date.now() > end || child.exitCode !== null) throw error;
    }
  }
  return {
    endpoint,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
