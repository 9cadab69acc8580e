import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import pg from 'pg';
import { messageOf, OperatorError } from '../../core/errors.js';
import { makeFolder } from '../storage/make-folder.js';
import { childEnvironment } from '../streams/command.js';
import { findProgram } from '../streams/programs.js';
import { freePort } from './free-port.js';

export interface ThrowawayServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** A superuser. */
  readonly user: string;
  /** What the server asks for, of whatever role; undefined: it lets everybody of this machine in. */
  readonly password: string | undefined;
  readonly directory: string;
  /** Without the password. */
  url(database: string): string;
  /** Ends the server and removes everything of it. */
  stop(): Promise<void>;
}

export interface ThrowawayOptions {
  /** Holds initdb and postgres. */
  readonly binDirectory: string;
  /** Where its folder is made. */
  readonly parent: string;
  /** `name=value` each, as in postgresql.conf. */
  readonly settings?: readonly string[];
  /** The superuser's name. Default: postgres. */
  readonly user?: string;
  /** The superuser's password; without one the server asks nobody for any. */
  readonly password?: string;
  /** For initdb: `--locale=…`, `--encoding=…`. */
  readonly initArguments?: readonly string[];
  /** Ends what is not up yet. */
  readonly signal?: AbortSignal;
}

/** Nothing in it needs to survive a power cut, so it waits for no disk. */
const throwaway = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  // What parallel workers share is in files of the server's own folder. In a container /dev/shm has 64 MB, and on Fargate
  // it cannot have more: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html
  'dynamic_shared_memory_type=mmap',
];

/**
 * Makes and starts a PostgreSQL server that is thrown away again, reachable from this machine only. It ends with this
 * process, however that ends. PostgreSQL refuses to run as root; then it runs as the user `postgres`, or as nobody.
 *
 * @throws OperatorError SOURCE_FAILED with what the server said
 */
export async function startThrowawayServer(options: ThrowawayOptions): Promise<ThrowawayServer> {
  const { binDirectory, parent, settings = [], initArguments = [], user = 'postgres', password, signal } = options;
  await makeFolder(parent);
  const directory = await mkdtemp(join(parent, 'respaldo-pg-'));
  const owner = await serverUser();
  if (owner) await chown(directory, owner.uid, owner.gid);
  // After a crash its processes may still write for a moment.
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  try {
    const data = join(directory, 'data');
    const login = await loginArguments(directory, user, password, owner);
    const made = await execa(
      join(binDirectory, 'initdb'),
      [...login, '--no-sync', '--no-instructions', ...initArguments, data],
      {
        ...owner,
        ...(signal ? { cancelSignal: signal } : {}),
        ...{ cwd: directory, env: childEnvironment(), extendEnv: false, reject: false },
      },
    );
    signal?.throwIfAborted();
    if (made.failed) throw notStarted(made.stderr || made.shortMessage || 'initdb failed');
    await rm(join(directory, 'password'), { force: true });
    const port = await freePort();
    const lines = [
      ...throwaway,
      `port=${port}`,
      "listen_addresses='127.0.0.1'",
      "unix_socket_directories=''",
      ...settings,
    ];
    await writeFile(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
    const server = await launch(join(binDirectory, 'postgres'), data, owner);
    const { child, said } = server;
    await reachable({ port, user, password }, child, said, signal);
    return {
      host: '127.0.0.1',
      port,
      user,
      password,
      directory,
      url: (database) => `postgresql://${encodeURIComponent(user)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
      stop: async () => {
        await stopServer(child);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    if (error instanceof OperatorError) throw error;
    throw notStarted(messageOf(error), error);
  }
}

async function loginArguments(
  directory: string,
  user: string,
  password: string | undefined,
  owner: ServerUser | undefined,
): Promise<string[]> {
  const name = `--username=${user}`;
  if (password === undefined) return [name, '--auth=trust'];
  const file = join(directory, 'password');
  await writeFile(file, password, { mode: 0o600 });
  if (owner) await chown(file, owner.uid, owner.gid);
  return [name, '--auth=scram-sha-256', `--pwfile=${file}`];
}

interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ask = async (option: string) => {
    const { stdout, failed } = await execa('id', [option, 'postgres'], { reject: false });
    return failed ? 65_534 : Number(stdout);
  };
  return { uid: await ask('-u'), gid: await ask('-g') };
}

/** Where the system has setpriv, the kernel itself ends the server when this process dies. */
async function launch(postgres: string, data: string, owner: ServerUser | undefined) {
  const setpriv = process.platform === 'linux' ? await findProgram('setpriv') : undefined;
  const ids = owner ? [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : [];
  const [file, args] = setpriv
    ? [setpriv, ['--pdeathsig', 'INT', ...ids, postgres, '-D', data]]
    : [postgres, ['-D', data]];
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: data,
    env: childEnvironment(),
    ...(setpriv ? {} : owner),
  });
  let kept = '';
  child.stderr.on('data', (chunk) => {
    kept = (kept + chunk).slice(-4_096);
  });
  return { child, said: () => kept };
}

async function reachable(
  login: { readonly port: number; readonly user: string; readonly password: string | undefined },
  child: ChildProcess,
  said: () => string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) {
    if (child.exitCode !== null || child.signalCode !== null || signal?.aborted) break;
    const client = new pg.Client({ host: '127.0.0.1', database: 'postgres', ...login });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      // not up yet: asked again until the time is over
    }
  }
  await stopServer(child);
  signal?.throwIfAborted();
  throw notStarted(said());
}

function notStarted(why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'SOURCE_FAILED',
    `a throw-away server did not start: ${why.trim()}`,
    /permission denied/i.test(why)
      ? 'Run by root, the server runs as the user postgres, who must be able to enter the folder that it is made in.'
      : 'Mend what it says; PG_BINDIR chooses another installation.',
    { cause },
  );
}

/** SIGINT is PostgreSQL's fast shutdown. */
async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}
