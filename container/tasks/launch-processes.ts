import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { settingsSchema } from '../../core/settings.js';
import { builtFile } from '../built.js';
import type { Run } from '../run.js';
import { childEnvironment } from '../streams/command.js';
import type { Launcher } from './launcher.js';

/** Milliseconds that a process may take to end, once its work is over. */
const patience = 5_000;

/**
 * Processes of this machine; or whatever BACKUP_TASKS_COMMAND starts elsewhere, `{n}` in it being the number of the
 * task: `ssh backup{n} respaldo`.
 */
export function processLauncher({ settings, environment, log }: Run, secret: string): Launcher {
  const children: ChildProcess[] = [];
  const own = [process.execPath, builtFile('respaldo.js')];
  const command = settings.BACKUP_TASKS_COMMAND?.split(/\s+/) ?? own;
  const inherited = workerEnvironment(environment, settings.BACKUP_TASKS_COMMAND ? throughOthers : none);
  return {
    host: settings.BACKUP_TASKS_ADDRESS ?? '127.0.0.1',
    port: settings.BACKUP_TASKS_PORT ?? 0,
    launch: async (count, args) => {
      for (let number = 2; number < 2 + count; number += 1) {
        const [file = '', ...before] = command.map((word) => word.replaceAll('{n}', String(number)));
        const child = spawn(file, [...before, ...args], {
          env: { ...inherited, BACKUP_TASKS_SECRET: secret },
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        child.on('error', (error) => log.warn(`task ${number} could not be started: ${error.message}`));
        child.on('exit', (code, signal) => {
          if (code !== 0) log.warn(`task ${number} ended with ${signal ?? `exit code ${code}`}`);
        });
        children.push(child);
      }
    },
    close: async () => {
      await Promise.all(children.map(ended));
    },
  };
}

/** By what programs that start others elsewhere find their way: sockets, hosts and files, no secrets. */
const throughOthers =
  /^(?:SSH_AUTH_SOCK|KUBECONFIG|DOCKER_(?:HOST|CONTEXT|CONFIG|CERT_PATH|TLS_VERIFY)|XDG_RUNTIME_DIR)$/;
const none = /$^/;

/**
 * What another process of the same program needs: the settings, libpq's and the SDK's own variables, GnuPG's key ring. Not
 * Sentry's address: what goes wrong in a worker, the first task tells. A program between the two gets the same, because
 * it may pass it on.
 */
function workerEnvironment(environment: Run['environment'], more: RegExp): NodeJS.ProcessEnv {
  const isNeeded = (name: string) =>
    (name in settingsSchema.shape || /^(?:PG|AWS_|ECS_|NODE_|GNUPGHOME$)/.test(name) || more.test(name)) &&
    name !== 'SENTRY_DSN';
  return {
    ...childEnvironment(),
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => isNeeded(name))),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  const impatient = setTimeout(() => child.kill('SIGKILL'), patience);
  await exit;
  clearTimeout(impatient);
}
