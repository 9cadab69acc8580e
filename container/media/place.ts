import { constants } from 'node:fs';
import { access, lstat, mkdir, open, readdir, readFile, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { stampOf } from '../../core/archive-name.js';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { currentUser } from '../current-user.js';
import { exchangePaths, syncFileSystem } from '../libc.js';
import { makeFolder } from '../storage/make-folder.js';
import { ownPrefix } from './tar.js';

/**
 * Where a restore puts a folder. `beside`: the new folder is made next to the old one, and the two change names in one
 * step. `inside`: the folder itself must stay, because it is a mount point or its parent may not be written; then its
 * contents are exchanged, one level inside.
 */
export interface Place {
  readonly root: string;
  readonly manner: 'beside' | 'inside';
  /** Whether there is something to replace. */
  readonly exists: boolean;
  /** Where the files are extracted to. */
  readonly restoring: string;
  /** Where what was there before will be. */
  readonly kept: string;
}

/** Finds out how a folder can be replaced. Changes nothing. */
export async function planPlace(path: string, now: Date): Promise<Place> {
  const exists = await isThere(path);
  const root = exists ? await realpath(path) : resolve(path);
  const manner = exists && (await mustStay(root)) ? 'inside' : 'beside';
  const begin = manner === 'inside' ? `${root}/${ownPrefix}` : `${root}.`;
  for (let time = now.getTime(); ; time += 1000) {
    const stamp = stampOf(new Date(time));
    const place = {
      root,
      manner,
      exists,
      restoring: `${begin}restoring_${stamp}`,
      kept: `${begin}before_${stamp}`,
    } as const;
    if (!(await isThere(place.restoring)) && !(await isThere(place.kept))) return place;
  }
}

/** Removes what killed restores left. The hold on the folder makes sure that no living one is at work on it. */
export async function clearAbandoned({ root, manner }: Place, log: Log): Promise<void> {
  const folder = manner === 'inside' ? root : dirname(root);
  const begin = manner === 'inside' ? `${ownPrefix}restoring_` : `${basename(root)}.restoring_`;
  for (const name of await namesIn(folder)) {
    if (!name.startsWith(begin) || !/_\d{8}_\d{6}$/.test(name)) continue;
    log.info(`removing ${join(folder, name)}, left by an interrupted restore`);
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * Makes the folder to extract into. It is its owner's alone until it is in its place.
 *
 * @throws OperatorError RESTORE_FAILED
 */
export async function makeRestoring({ restoring }: Place): Promise<void> {
  const parent = dirname(restoring);
  try {
    await makeFolder(parent);
    await mkdir(restoring, { mode: 0o700 });
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError(
      'RESTORE_FAILED',
      `restore not begun: ${messageOf(cause)}`,
      (cause as NodeJS.ErrnoException).code === 'EROFS'
        ? `${parent} is mounted read-only: mount it to be written, or restore elsewhere with --into DIRECTORY.`
        : `Give ${currentUser} the right to write to ${parent} (chown), or restore elsewhere with --into DIRECTORY.`,
      { cause },
    );
  }
}

/**
 * Puts the restored folder in its place and keeps the old one, after all of it is on the disk. Beside, this is one step
 * of the file system (where that knows none, two, the second of which undoes the first when it fails). Inside, it is
 * many; {@link finishInterrupted} completes or undoes them when the program is killed between.
 *
 * @returns where the old one is; undefined where there was none
 */
export async function swapIn(place: Place): Promise<string | undefined> {
  const { root, restoring, kept, exists, manner } = place;
  await sync(restoring);
  try {
    if (manner === 'inside') await exchangeContents(place);
    else if (!exists) await rename(restoring, root);
    else {
      // From here on it is no abandoned restore any more: killed now, two whole folders stay.
      await rename(restoring, kept);
      if (!exchangePaths(kept, root)) await exchangeInTwoSteps(root, kept, restoring);
    }
  } catch (cause) {
    throw new OperatorError(
      'SWAP_FAILED',
      `the files are restored, but could not take the place of ${root}: ${messageOf(cause)}`,
      `See that nothing has ${root} open as its mount point and that its parent can be written; then run again.`,
      { cause },
    );
  }
  return exists ? kept : undefined;
}

async function exchangeInTwoSteps(root: string, kept: string, restoring: string): Promise<void> {
  await rename(kept, restoring);
  await rename(root, kept);
  try {
    await rename(restoring, root);
  } catch (error) {
    await rename(kept, root);
    throw error;
  }
}

const swapping = /^\.respaldo-swapping_(\d{8}_\d{6})$/;
const placing = /^\.respaldo-placing_(\d{8}_\d{6})$/;

/** First all old entries out of the way, then all new ones in; the name of the new folder tells which of the two goes on. */
async function exchangeContents({ root, restoring, kept }: Place): Promise<void> {
  const stamp = restoring.slice(-15);
  const from = join(root, `${ownPrefix}swapping_${stamp}`);
  await mkdir(kept, { mode: 0o700 });
  await rename(restoring, from);
  await moveAll(root, kept);
  const ready = join(root, `${ownPrefix}placing_${stamp}`);
  await rename(from, ready);
  await moveAll(ready, root);
  await rmdir(ready);
}

/** Completes or undoes an exchange of contents that was killed. Call it under the folder's hold. */
export async function finishInterrupted({ root, manner }: Place, log: Log): Promise<void> {
  if (manner !== 'inside') return;
  for (const name of await namesIn(root)) {
    const path = join(root, name);
    if (placing.test(name)) {
      log.info(`finishing an interrupted restore: the rest of ${path} takes its place`);
      await moveAll(path, root);
      await rmdir(path);
    }
    const stamp = swapping.exec(name)?.[1];
    if (stamp) {
      log.info(`undoing an interrupted restore: what it had moved away comes back to ${root}`);
      const kept = join(root, `${ownPrefix}before_${stamp}`);
      await moveAll(kept, root);
      await rmdir(kept);
      await rm(path, { recursive: true });
    }
  }
}

/** @throws OperatorError SWAP_FAILED where a restore was killed while it exchanged the folder's contents */
export async function assertNotHalfSwapped(root: string): Promise<void> {
  const half = (await namesIn(root)).find((name) => swapping.test(name) || placing.test(name));
  if (half === undefined) return;
  throw new OperatorError(
    'SWAP_FAILED',
    `backup of ${root} not taken: a restore was interrupted while it exchanged the contents (${half})`,
    'Run the restore again: it first completes or undoes what the interrupted one began.',
  );
}

async function moveAll(from: string, to: string): Promise<void> {
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    if (name.toString('latin1').startsWith(ownPrefix)) continue;
    await rename(Buffer.concat([Buffer.from(`${from}/`), name]), Buffer.concat([Buffer.from(`${to}/`), name]));
  }
}

/** Folders that finished restores kept, for people to remove. */
export async function keptFolders(path: string): Promise<string[]> {
  const root = (await isThere(path)) ? await realpath(path) : resolve(path);
  const pattern = /before_\d{8}_\d{6}$/;
  const beside = (await namesIn(dirname(root))).filter(
    (name) => name.startsWith(`${basename(root)}.before_`) && pattern.test(name),
  );
  const inside = (await namesIn(root)).filter((name) => name.startsWith(`${ownPrefix}before_`) && pattern.test(name));
  return [...beside.map((name) => join(dirname(root), name)), ...inside.map((name) => join(root, name))];
}

/** Whether a folder cannot be renamed: it is a mount point, or in a folder that may not be written. */
async function mustStay(root: string): Promise<boolean> {
  const parent = dirname(root);
  if ((await stat(root)).dev !== (await stat(parent)).dev) return true;
  try {
    await access(parent, constants.W_OK);
  } catch {
    return true;
  }
  return (await mountPoints()).includes(root);
}

/** A folder of the same file system can be mounted too. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
async function mountPoints(): Promise<string[]> {
  try {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    return mounts
      .split('\n')
      .map((line) =>
        (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) =>
          String.fromCharCode(Number.parseInt(code, 8)),
        ),
      );
  } catch {
    return []; // not on this system
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await syncFileSystem(handle.fd);
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // it is not there, or may not be read: nothing of ours is in it
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
