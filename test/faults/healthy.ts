import { respaldo } from '../support/cli.js';
import { argumentsOf, type Choice } from './choice.js';
import { type Environment, perform, restoreInto, runIn } from './in-process.js';

/** A run that a person would have been told about. */
export class RunFailed extends Error {
  constructor(
    readonly exitCode: number | undefined,
    said: string,
  ) {
    super(said);
  }
}

/**
 * Does what a round does, with nothing going wrong: inside of this process, which is quicker, but for parallel backups,
 * whose threads only the built program has.
 *
 * @returns the id of the backup that was made, restored or drilled
 */
export async function performHealthily(env: Environment, choice: Choice): Promise<string | undefined> {
  const { operation, variant } = choice;
  if (operation !== 'verify' && (variant.format !== 'parallel' || operation === 'cleanup'))
    return perform(await runIn(env), choice, true);
  return idIn(await command(argumentsOf(choice), env));
}

/** Restores the newest backup into a new database. */
export async function restoreIntoHealthily(env: Environment, { variant }: Choice, into: string): Promise<string> {
  if (variant.format !== 'parallel') return restoreInto(await runIn(env), into);
  return idIn(await command(['restore', '--latest', '--into', into, '--force', '--json'], env)) ?? '';
}

/** Runs the program and answers with what it printed. @throws RunFailed */
export async function command(args: readonly string[], env: Environment): Promise<string> {
  const { exitCode, stdout, stderr } = await respaldo(args, env);
  if (exitCode !== 0) throw new RunFailed(exitCode, stderr);
  return stdout;
}

export function idIn(printed: string): string | undefined {
  return /db_backup_\d{8}_\d{6}/.exec(printed)?.[0];
}
