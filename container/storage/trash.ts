import { mkdir, opendir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stampOf, timeOfStamp } from '../../core/archive-name.js';
import type { RemovedObject } from '../../core/storage.js';
import { isMissing } from './file-errors.js';

/** Its folder in a local storage. */
export const trashFolder = '.trash';

/**
 * What was removed from a local storage, kept for some days: `.trash/20240115_120000/database/…`, the stamp being that
 * of the removal. Moving there and back is a rename, so it takes no time and no room.
 */
export class Trash {
  private readonly folder: string;

  constructor(private readonly root: string) {
    this.folder = join(root, trashFolder);
  }

  /** Moves a file in. One that is already gone is no error. */
  async take(key: string, now: Date): Promise<void> {
    const path = join(this.folder, stampOf(now), key);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await move(join(this.root, key), path);
  }

  async *list(prefix: string): AsyncIterable<RemovedObject> {
    for (const stamp of await this.stamps()) {
      const removedAt = timeOfStamp(stamp);
      if (!removedAt) continue;
      for await (const key of files(join(this.folder, stamp), '')) {
        if (!key.startsWith(prefix)) continue;
        const { size, mtime } = await stat(join(this.folder, stamp, key));
        yield { key, bytes: size, modified: mtime, removedAt, handle: stamp };
      }
    }
  }

  /** Moves a file back to where it was. The caller sees to it that nothing is there. */
  async giveBack({ key, handle }: RemovedObject): Promise<void> {
    const path = join(this.root, key);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await move(join(this.folder, handle, key), path);
    await prune(dirname(join(this.folder, handle, key)), this.root);
  }

  /** Erases what was removed before a time, for good. */
  async clear(olderThan: Date): Promise<string[]> {
    const cleared: string[] = [];
    for (const stamp of await this.stamps()) {
      const removedAt = timeOfStamp(stamp);
      if (!removedAt || removedAt > olderThan) continue;
      for await (const key of files(join(this.folder, stamp), '')) cleared.push(key);
      await rm(join(this.folder, stamp), { recursive: true, force: true });
    }
    await prune(this.folder, this.root);
    return cleared;
  }

  /** The newest first. */
  private async stamps(): Promise<string[]> {
    const stamps: string[] = [];
    try {
      for await (const entry of await opendir(this.folder)) stamps.push(entry.name);
    } catch (error) {
      if (!isMissing(error)) throw error; // nothing was ever removed
    }
    return stamps.sort().reverse();
  }
}

async function* files(folder: string, prefix: string): AsyncIterable<string> {
  for await (const entry of await opendir(folder)) {
    if (entry.isDirectory()) yield* files(join(folder, entry.name), `${prefix}${entry.name}/`);
    else yield `${prefix}${entry.name}`;
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error; // somebody was faster
  }
}

/** Removes folders that have become empty, up to the root. */
export async function prune(folder: string, root: string): Promise<void> {
  if (folder === root || !folder.startsWith(root)) return;
  try {
    await rmdir(folder);
  } catch {
    return; // not empty, or not ours to remove: it may stay
  }
  await prune(dirname(folder), root);
}
