import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readCatalog } from '../../core/catalog.js';
import { exitCodes, messageOf, OperatorError } from '../../core/errors.js';
import { readManifest } from '../../core/read-manifest.js';
import type { Storage } from '../../core/storage.js';
import { contentsOf } from '../support/postgres.js';
import { RunFailed, restoreIntoHealthily } from './healthy.js';
import type { Scene } from './scene.js';
import type { Contents } from './world.js';

export function isEqual(one: Contents | undefined, other: Contents | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The listed backups that are not, byte for byte, what their manifests say; and which are listed. */
export async function readListed(storage: Storage): Promise<{ listed: string[]; unsound: Map<string, string> }> {
  const unsound = new Map<string, string>();
  const { backups } = await readCatalog(storage, 'database', '');
  for (const { id, manifestKey } of backups) {
    try {
      for (const { key, sha256 } of (await readManifest(storage, manifestKey, id)).files) {
        const hash = createHash('sha256');
        for await (const chunk of await storage.read(key)) hash.update(chunk as Buffer);
        if (hash.digest('hex') !== sha256) throw new Error(`${key} is not what was stored`);
      }
    } catch (error) {
      unsound.set(id, messageOf(error));
    }
  }
  return { listed: backups.map(({ id }) => id), unsound };
}

/** Whether the newest backup restores to what was backed up, is refused, or restores to something else. */
export async function tryNewest(
  { world, database, env, choice }: Scene,
  expected: (id: string) => Contents | undefined,
): Promise<{ readonly id?: string; readonly result: 'equal' | 'refused' | 'wrong'; readonly why: string }> {
  const copy = `${database}_copy`;
  try {
    const id = await restoreIntoHealthily(env, choice, copy);
    const equal = isEqual(await contentsOf(copy, world.ask), expected(id));
    return { id, result: equal ? 'equal' : 'wrong', why: id };
  } catch (error) {
    return { result: isTold(error) ? 'refused' : 'wrong', why: messageOf(error) };
  } finally {
    await world.ask('postgres', `DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
  }
}

function isTold(error: unknown): boolean {
  return error instanceof OperatorError || (error instanceof RunFailed && error.exitCode !== exitCodes.bug);
}

/**
 * Programs, sessions and databases that a run has left. What still ends by itself is waited for.
 *
 * @param killed nothing was left to the program but its death: a half-restored database then waits for the next restore
 */
export async function leftBehind(scene: Scene, killed: boolean): Promise<string[]> {
  const { world, database, folder } = scene;
  let left: string[] = [];
  for (const end = Date.now() + 30_000; Date.now() < end; await delay(100)) {
    const sessions = await world.ask<{ who: string }>(
      'postgres',
      "SELECT application_name || ' in ' || datname AS who FROM pg_stat_activity WHERE application_name LIKE 'respaldo%'",
    );
    left = [...(await processesOf(folder)), ...sessions.map(({ who }) => `session ${who}`)];
    if (left.length === 0) break;
  }
  const allowed = killed ? /^$|_before_|_restored_|_restoring_/ : /^$|_before_|_restored_/;
  const databases = (await world.databasesOf(database)).map((name) => name.slice(database.length));
  return [...left, ...databases.filter((rest) => !allowed.test(rest)).map((rest) => `database …${rest}`)];
}

/** The processes whose arguments or environment name a folder. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const words = await read('cmdline');
    if (words.includes(folder) || (await read('environ')).includes(folder))
      found.push(`process ${words.replaceAll('\0', ' ')}`);
  }
  return found;
}
