import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import prettyMilliseconds from 'pretty-ms';
import { OperatorError } from '../../core/errors.js';
import type { Storage } from '../../core/storage.js';

export interface Outcome {
  readonly storage: Storage;
  /** Why it is not stored there; undefined where it is. */
  readonly error: unknown;
}

export interface Stored {
  readonly bytes: number;
  /** Of the bytes as they are stored, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly outcomes: readonly Outcome[];
}

export interface StoreOptions {
  readonly expectedBytes: number;
  /** How long a folder may take nothing of what it is given; 0: as long as it likes. A bucket has limits of its own. */
  readonly stallMilliseconds: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores one stream in every storage at once, at the pace of the slowest, digesting it on the way. A storage that fails
 * drops out and the others go on; only when none is left does this end early, with the first error.
 */
export async function storeEverywhere(
  source: Readable,
  key: string,
  storages: readonly Storage[],
  options: StoreOptions,
): Promise<Stored> {
  const copies = storages.map((storage) => new Copy(storage, key, options));
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      await Promise.all(copies.map((copy) => copy.write(chunk)));
      if (copies.every((copy) => copy.failed)) throw copies[0]?.error;
    }
  } catch (error) {
    await Promise.all(copies.map((copy) => copy.giveUp(error)));
    throw error;
  }
  await Promise.all(copies.map((copy) => copy.end()));
  const outcomes = copies.map(({ storage, error }) => ({ storage, error }));
  if (copies.every((copy) => copy.failed)) throw copies[0]?.error;
  return { bytes, sha256: hash.digest('hex'), outcomes };
}

/** One storage's share of the stream. Its failure is kept, not thrown. */
class Copy {
  error: unknown;
  failed = false;
  private readonly stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  private readonly stored: Promise<void>;

  constructor(
    readonly storage: Storage,
    key: string,
    private readonly options: StoreOptions,
  ) {
    const { expectedBytes, signal } = options;
    this.stream.on('error', () => {}); // told to the storage, which rejects with it
    this.stored = storage
      .write(key, this.stream, signal ? { expectedBytes, signal } : { expectedBytes })
      .catch((error) => this.fail(error));
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.failed || this.stream.write(chunk)) return;
    await this.withinLimit(Promise.race([once(this.stream, 'drain').catch(() => {}), this.stored]));
  }

  async giveUp(error: unknown): Promise<void> {
    this.stream.destroy(error instanceof Error ? error : new Error(String(error)));
    if (!this.failed) await this.withinLimit(this.stored);
  }

  async end(): Promise<void> {
    if (this.failed) return;
    this.stream.end();
    await this.withinLimit(this.stored);
  }

  private fail(error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    this.error = error;
    this.stream.destroy();
  }

  /** A disk or a network mount that takes nothing any more may never answer again: it is waited for no longer. */
  private async withinLimit(taken: Promise<unknown>): Promise<void> {
    const { stallMilliseconds } = this.options;
    if (stallMilliseconds === 0 || this.storage.type === 's3') return void (await taken);
    const over = new AbortController();
    const stalled = delay(stallMilliseconds, undefined, { signal: over.signal }).then(
      () =>
        this.fail(
          new OperatorError(
            'STORAGE_STALLED',
            `${this.storage.name} has taken nothing for ${prettyMilliseconds(stallMilliseconds)}`,
            'Look at its disk or its network mount, then run again. BACKUP_STALL_MINUTES allows for longer silence.',
          ),
        ),
      () => {}, // it was in time
    );
    await Promise.race([taken, stalled]);
    over.abort();
  }
}
