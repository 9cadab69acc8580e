import { randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, opendir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, OperatorError } from '../../core/errors.js';
import type {
  ReadOptions,
  RemovalFailure,
  RemovedObject,
  Storage,
  StoredObject,
  WriteOptions,
} from '../../core/storage.js';
import { assertNotDangling } from './dangling-link.js';
import { DurableFile } from './durable-file.js';
import { alreadyStored, codeOf, isMissing, ownership, storageError } from './file-errors.js';
import { makeFolder } from './make-folder.js';
import { exists, publish, syncFolder } from './publish.js';
import { prune, Trash, trashFolder } from './trash.js';

/** Ends the name of a file that is still being written; it begins with a dot. */
const temporary = /^\..+\.[0-9a-f]{12}\.part$/;

/**
 * Backups in a directory of this machine. A file gets its name only when all its bytes are on the disk; files are for
 * their owner alone (0600), new folders too (0700).
 */
export class LocalStorage implements Storage {
  readonly type = 'local';
  readonly name: string;
  private readonly trash: Trash;

  /** @param undoDays how long what was removed can be brought back; 0: not at all */
  constructor(
    private readonly root: string,
    private readonly undoDays = 0,
    private readonly now: () => Date = () => new Date(),
  ) {
    this.name = root;
    this.trash = new Trash(root);
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    yield* this.walk(prefix, (name) => !temporary.test(name));
  }

  async write(key: string, source: Readable, { signal }: WriteOptions = {}): Promise<void> {
    const path = this.pathOf(key);
    const partial = join(
      dirname(path),
      `.${path.slice(dirname(path).length + 1)}.${randomBytes(6).toString('hex')}.part`,
    );
    let file: DurableFile | undefined;
    let sourceError: unknown = source.errored;
    try {
      await assertNotDangling(this.root);
      await makeFolder(dirname(path), 0o700);
      if (await exists(path)) throw alreadyStored(path);
      const made = new DurableFile(partial);
      file = made;
      // Whichever fails takes the other along with the same error: the one that was first is the one to name.
      source.once('error', (error) => {
        if (!made.errored) sourceError ??= error;
      });
      await pipeline(source, file, signal ? { signal } : {});
      await publish(partial, path);
      file = undefined;
      await syncFolder(dirname(path));
    } catch (error) {
      source.destroy();
      if (file) {
        await closed(file); // it may be about to be made
        if (file.created) await rm(partial, { force: true });
      }
      await prune(dirname(path), this.root);
      signal?.throwIfAborted();
      // A source that failed before the file was open: the pipeline only sees that it is closed.
      const before = codeOf(error) === 'ERR_STREAM_PREMATURE_CLOSE' ? (sourceError ?? source.errored) : undefined;
      if (before) throw before;
      throw error instanceof OperatorError ? error : storageError(error, `${path} not written`, sourceError);
    }
  }

  async read(key: string, { firstBytes, signal }: ReadOptions = {}): Promise<Readable> {
    const path = this.pathOf(key);
    try {
      await access(path, constants.R_OK);
    } catch (error) {
      throw storageError(error, `${path} not read`);
    }
    const file = createReadStream(path, {
      highWaterMark: 1024 * 1024,
      ...(firstBytes === undefined ? {} : { end: firstBytes - 1 }),
      ...(signal ? { signal } : {}),
    });
    file.on('error', () => {}); // its reader hears it, however late it begins
    return Readable.from(withError(file, path, signal), { objectMode: false, highWaterMark: 1024 * 1024 });
  }

  async remove(keys: readonly string[]): Promise<RemovalFailure[]> {
    if (this.undoDays === 0) return this.erase(keys);
    const now = this.now();
    return this.each(keys, (key) => this.trash.take(key, now));
  }

  async erase(keys: readonly string[]): Promise<RemovalFailure[]> {
    return this.each(keys, (key) => rm(this.pathOf(key), { force: true }));
  }

  async *listRemoved(prefix: string): AsyncIterable<RemovedObject> {
    await assertNotDangling(this.root);
    yield* this.trash.list(prefix);
  }

  async bringBack(object: RemovedObject): Promise<void> {
    const path = this.pathOf(object.key);
    if (await exists(path)) throw alreadyStored(path);
    try {
      await this.trash.giveBack(object);
    } catch (error) {
      throw storageError(error, `${path} not brought back`);
    }
  }

  async clearRemoved(now: Date): Promise<string[]> {
    try {
      return await this.trash.clear(new Date(now.getTime() - this.undoDays * 86_400_000));
    } catch (error) {
      throw storageError(error, `${this.root}: what was removed earlier is not erased`);
    }
  }

  async clearAbandoned(prefix: string, olderThan: Date): Promise<string[]> {
    const cleared: string[] = [];
    for await (const { key, modified } of this.walk(prefix, (name) => temporary.test(name))) {
      if (modified >= olderThan) continue;
      const [failure] = await this.erase([key]);
      if (failure)
        throw new OperatorError('STORAGE_DENIED', `${this.pathOf(key)} not removed: ${failure.reason}`, ownership);
      cleared.push(key);
    }
    return cleared;
  }

  async freeBytes(): Promise<number> {
    await assertNotDangling(this.root);
    try {
      const { bavail, bsize } = await statfs(await nearestExisting(this.root));
      return bavail * bsize;
    } catch (error) {
      throw storageError(error, `${this.root} not readable`);
    }
  }

  private async each(keys: readonly string[], remove: (key: string) => Promise<void>): Promise<RemovalFailure[]> {
    const failures: RemovalFailure[] = [];
    for (const key of keys) {
      try {
        const path = this.pathOf(key);
        await remove(key);
        await prune(dirname(path), this.root);
      } catch (error) {
        failures.push({ key, reason: messageOf(error) });
      }
    }
    return failures;
  }

  private async *walk(prefix: string, wanted: (name: string) => boolean): AsyncIterable<StoredObject> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    try {
      const entries = await opendir(this.pathOf(folder));
      for await (const entry of entries) {
        const key = `${folder}${entry.name}`;
        if (!key.startsWith(prefix) || key === trashFolder) continue;
        if (entry.isDirectory()) yield* this.walk(`${key}/`, wanted);
        else if (entry.isFile() && wanted(entry.name)) yield* this.describe(key);
      }
    } catch (error) {
      if (isMissing(error)) return assertNotDangling(this.root);
      if (error instanceof OperatorError) throw error; // of a folder within
      throw storageError(error, `${this.pathOf(folder)} not listed`);
    }
  }

  private async *describe(key: string): AsyncIterable<StoredObject> {
    try {
      const { size, mtime } = await stat(this.pathOf(key));
      yield { key, bytes: size, modified: mtime };
    } catch (error) {
      if (!isMissing(error)) throw error; // removed since the folder was read: then it is simply not there
    }
  }

  private pathOf(key: string): string {
    if (key.split(/[\\/]/).includes('..') || key.startsWith('/')) {
      throw new OperatorError(
        'STORAGE_FAILED',
        `key "${key}" leads out of ${this.root}`,
        'Use a key that a listing shows.',
      );
    }
    return join(this.root, key.split('/').join(sep));
  }
}

/** Waits until a file that was given up has been let go of. */
function closed(file: DurableFile): Promise<void> {
  file.destroy();
  return new Promise((resolve) => {
    if (file.closed) resolve();
    else file.once('close', resolve);
  });
}

async function nearestExisting(path: string): Promise<string> {
  return (await exists(path)) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

async function* withError(bytes: Readable, path: string, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    signal?.throwIfAborted();
    throw storageError(error, `${path} not read`);
  }
}
