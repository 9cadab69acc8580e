import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect } from 'vitest';
import { type CliResult, respaldo, startRespaldo } from './cli.js';
import { temporaryFolder } from './folders.js';

/** A folder of media files, empty, and one for its backups. */
export async function mediaScene() {
  const folder = await temporaryFolder();
  const root = join(folder, 'media');
  await mkdir(root);
  return { folder, root, env: { MEDIA_ROOT: root, BACKUP_DIR: join(folder, 'backups') } };
}

/** Runs the program bound by file modes even where the tests run as root. */
export async function bound(args: readonly string[], env: Record<string, string>): Promise<CliResult> {
  const { exitCode, stdout, stderr } = await startBound(args, env);
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

/** Starts it, bound by file modes even where the tests run as root. */
export function startBound(args: readonly string[], env: Record<string, string>) {
  if (process.getuid?.() !== 0) return startRespaldo(args, env);
  return execa(
    'setpriv',
    ['--bounding-set=-dac_override,-dac_read_search', process.execPath, 'dist/respaldo.js', ...args],
    { env: { PATH: process.env.PATH, ...env }, extendEnv: false, reject: false, stdin: 'ignore' },
  );
}

/** @returns the manifest */
export async function takeMediaBackup(env: Record<string, string>, ...args: string[]) {
  const backup = await respaldo(['backup', '--media', '--json', ...args], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  return JSON.parse(backup.stdout)[0].manifest;
}
