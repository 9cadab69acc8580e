import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { respaldo } from './cli.js';
import { temporaryFolder } from './folders.js';
import { contentsOf, crmSample, testDatabase } from './postgres.js';

/** A database with a backup, changed since: what a failed restore must leave as it is. */
export async function changedSince(args: readonly string[] = []) {
  const database = await testDatabase(crmSample);
  const folder = await temporaryFolder();
  const env = { DATABASE_URL: database.url, BACKUP_DIR: folder };
  const backup = await respaldo(['backup', '--database', ...args], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  const backedUp = await contentsOf(database.name);
  await database.query("UPDATE customers SET name = 'changed since'");
  const names = await readdir(join(folder, 'database'));
  const file = (pattern: RegExp) => join(folder, 'database', names.find((name) => pattern.test(name)) ?? '');
  return {
    database,
    env,
    backedUp,
    current: await contentsOf(database.name),
    archive: file(/\.(?:sql|dump)/),
    manifest: file(/manifest/),
  };
}

export type ChangedSince = Awaited<ReturnType<typeof changedSince>>;

export async function expectUntouched({ database, current }: ChangedSince): Promise<void> {
  expect(await contentsOf(database.name)).toEqual(current);
  expect(await database.relatives()).toEqual([database.name]);
}
