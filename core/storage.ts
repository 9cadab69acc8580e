import type { Readable } from 'node:stream';

/** What a listing tells of one stored object. */
export interface StoredObject {
  /** Relative to the storage's root: `database/db_backup_20240115_120000.sql.gz`. */
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
  /** S3's storage class, where the storage has classes. */
  readonly storageClass?: string;
}

export interface WriteOptions {
  /** About how many bytes will come; sizes the parts of an upload. A wrong guess costs speed or memory, never data. */
  readonly expectedBytes?: number;
  readonly signal?: AbortSignal;
}

export interface ReadOptions {
  /** Only the first so many bytes. */
  readonly firstBytes?: number;
  readonly signal?: AbortSignal;
}

/** Something that was removed and can still be brought back. */
export interface RemovedObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
  readonly removedAt: Date;
  /** By which the storage finds it again. */
  readonly handle: string;
}

export interface RemovalFailure {
  readonly key: string;
  readonly reason: string;
}

/**
 * Where backups live: a local directory, or a bucket and prefix. All implementations pass one suite, test/contract.
 * Methods throw an OperatorError with a storage code; a missing object is NO_SUCH_BACKUP.
 */
export interface Storage {
  readonly type: 'local' | 's3';
  /** For people: `/backups`, `s3://bucket/backups/`. */
  readonly name: string;

  /** All objects whose key begins with the prefix, in the storage's order. A prefix that holds nothing is empty, not an error. */
  list(prefix: string): AsyncIterable<StoredObject>;

  /**
   * Stores all bytes of the source under the key, or nothing: the object appears only once the source has ended well.
   * Never replaces an object: ALREADY_STORED. A source that is destroyed with an error leaves nothing and rejects.
   */
  write(key: string, source: Readable, options?: WriteOptions): Promise<void>;

  read(key: string, options?: ReadOptions): Promise<Readable>;

  /**
   * Removes what it can and answers with what it could not. An object that is already gone counts as removed. What a
   * storage keeps of it for a while, {@link listRemoved} shows.
   */
  remove(keys: readonly string[]): Promise<RemovalFailure[]>;

  /** The same for what never was worth keeping: nothing stays of it where the storage can help it. */
  erase(keys: readonly string[]): Promise<RemovalFailure[]>;

  /** What was removed below the prefix and can be brought back. */
  listRemoved(prefix: string): AsyncIterable<RemovedObject>;

  /** @throws ALREADY_STORED where there is an object of that key again */
  bringBack(object: RemovedObject): Promise<void>;

  /** Erases for good what has been kept long enough; answers with the keys. Where the storage does so by itself, none. */
  clearRemoved(now: Date): Promise<string[]>;

  /** Clears what interrupted writes below the prefix left behind before `olderThan`; answers with the names of it. */
  clearAbandoned(prefix: string, olderThan: Date): Promise<string[]>;

  /** Bytes that can still be stored; undefined where the storage has no end. */
  freeBytes(): Promise<number | undefined>;
}
