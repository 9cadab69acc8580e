import { setTimeout as delay } from 'node:timers/promises';
import { execa, type Options } from 'execa';

export interface CliResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The settings that a test gives; the test process' own environment is left out but for what programs need to run. */
export type CliEnvironment = Readonly<Record<string, string | undefined>>;

const base = { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', PG_BINDIR: process.env.PG_BINDIR };

/** Runs the built program as a process of its own. */
export async function respaldo(
  args: readonly string[],
  env: CliEnvironment,
  options: Options = {},
): Promise<CliResult> {
  const { exitCode, stdout, stderr } = await startRespaldo(args, env, options);
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

/** Starts it and answers at once, for tests that do something to it while it runs. */
export function startRespaldo(args: readonly string[], env: CliEnvironment, options: Options = {}) {
  return execa(process.execPath, ['dist/respaldo.js', ...args], {
    ...options,
    env: { ...base, ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: options.timeout ?? 120_000,
  });
}

/** Two backups in one second are named a second apart: waits until none is dated in the future, where retention keeps it. */
export function untilNamesArePast(): Promise<void> {
  return delay(2_000);
}
