import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure } from './case.js';
import { type Measured, run, type Way } from './measure.js';
import type { Scene } from './scene.js';

export const environment = ({ url, folder, media }: Scene) => ({
  DATABASE_URL: url,
  BACKUP_DIR: join(folder, 'backups'),
  MEDIA_ROOT: media,
});
/** The other side hashes no rows, so ours only counts them; the case "fingerprint" tells what hashing costs. */
export const counting = (scene: Scene) => ({ ...environment(scene), BACKUP_FINGERPRINT: 'counts' });
export const forget = (scene: Scene) => () => rm(join(scene.folder, 'backups'), { recursive: true, force: true });
export const backup = (scene: Scene, ...args: string[]): Way => ({
  name: `respaldo backup ${args.join(' ')}`,
  args: ['backup', ...args],
  env: environment(scene),
  before: forget(scene),
});
export const shell = (name: string, line: string): Way => ({ name, shell: line });
export const wall = (
  text: string,
  [a, b]: readonly [Measured | undefined, Measured | undefined],
  goal: number,
): Figure => ({
  text: `wall time, ${text} (${a?.seconds.toFixed(2)} s / ${b?.seconds.toFixed(2)} s)`,
  ratio: (a?.seconds ?? Number.NaN) / (b?.seconds ?? Number.NaN),
  goal,
});
export const memory = (measured: Measured | undefined, goal: number, of = 'of our process'): Figure => ({
  text: `peak memory ${of}, ${measured?.peakMegabytes.toFixed(0)} MB of ${goal}`,
  ratio: (measured?.peakMegabytes ?? Number.NaN) / goal,
  goal: 1,
});

/** Drops what a restore made and makes an empty database for the other side. */
const fresh =
  (scene: Scene, ...names: string[]) =>
  async () => {
    for (const name of names) await scene.execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
export const freshOther = (scene: Scene, name: string) => async () => {
  await fresh(scene, name)();
  await scene.execute(`CREATE DATABASE ${name} TEMPLATE template0`);
};
export const inDatabase = (url: string, name: string) => url.replace(/[^/]+$/, name);

export function restore(scene: Scene, ...args: string[]): Way {
  return {
    name: ['respaldo restore --latest', ...args].join(' '),
    args: ['restore', '--latest', '--into', 'ours', ...args],
    env: environment(scene),
    before: fresh(scene, 'ours'),
  };
}

export async function prepareBackup(scene: Scene, args: readonly string[]): Promise<void> {
  await run(backup(scene, ...args));
}

export async function runShell(line: string): Promise<void> {
  await run(shell('preparing', line));
}
