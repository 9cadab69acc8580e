import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { type Pack, pack } from 'tar-stream';
import { resumableRead } from '../../core/aws/resumable-read.js';
import { excludes, objectRecords, tarNameOf } from '../../core/media/bucket-names.js';
import { listingLine } from '../../core/media/listing.js';
import { headOf, isMissing, type ListedMedia, listMedia, type MediaBucket, mediaError, smallObject } from './bucket.js';

/** What an object is in the tar. */
interface Header {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: Date;
  readonly type: 'file';
  readonly pax: Record<string, string>;
}

/** Gets a line of the listing for each object, in the archive's order. */
export type OnLine = (line: string) => Promise<void>;

/** How many objects are fetched ahead of the one that is being written. */
const ahead = 8;

export interface BucketSourceOptions {
  /** As in tar's `--exclude`. */
  readonly exclude: readonly string[];
  /** Prefixes that are not part of it although they may lie in it: where the backups go. */
  readonly without: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * The objects below a prefix as one tar, without touching a disk: small ones are fetched eight ahead and held whole, large
 * ones stream one at a time, so memory has a bound. Objects that vanish or change after they were listed are warnings.
 */
export class BucketSource {
  files = 0;
  bytes = 0;
  readonly warnings: string[] = [];
  private readonly excluded: (name: string) => boolean;
  private onLine: OnLine | undefined;

  constructor(
    private readonly bucket: MediaBucket,
    private readonly options: BucketSourceOptions,
  ) {
    this.excluded = excludes(options.exclude);
  }

  /** How much there is by the listing. */
  async survey(): Promise<{ files: number; bytes: number }> {
    const found = { files: 0, bytes: 0 };
    for await (const { bytes } of this.list()) {
      found.files += 1;
      found.bytes += bytes;
    }
    return found;
  }

  /** The archive. Destroyed with the error of what fails. */
  stream(onLine?: OnLine): Readable {
    this.onLine = onLine;
    const tar = pack();
    this.fill(tar).then(
      () => tar.finalize(),
      (error) => tar.destroy(error),
    );
    return Readable.from(tar, { objectMode: false });
  }

  private async *list(): AsyncIterable<ListedMedia> {
    const { without, signal } = this.options;
    const cut = this.bucket.location.key.length;
    for await (const listed of listMedia(this.bucket)) {
      signal.throwIfAborted();
      if (without.some((prefix) => listed.key.startsWith(prefix)) || this.excluded(listed.key.slice(cut))) continue;
      yield listed;
    }
  }

  private async fill(tar: Pack): Promise<void> {
    const queue: Promise<(tar: Pack) => Promise<void>>[] = [];
    const writeNext = async () => (await queue.shift())?.(tar);
    for await (const listed of this.list()) {
      const fetched = this.fetch(listed);
      fetched.catch(() => {}); // heard when its turn comes
      queue.push(fetched);
      if (queue.length > ahead) await writeNext();
    }
    while (queue.length > 0) await writeNext();
  }

  /** Fetches a small object; answers with what writes it into the tar. */
  private async fetch(listed: ListedMedia): Promise<(tar: Pack) => Promise<void>> {
    if (listed.bytes > smallObject) return (tar) => this.writeLarge(tar, listed);
    const chunks: Buffer[] = [];
    let answer: GetObjectCommandOutput | undefined;
    try {
      const onAnswer = (first: GetObjectCommandOutput) => {
        answer = first;
      };
      for await (const chunk of this.read(listed, { onAnswer })) chunks.push(chunk);
    } catch (error) {
      return this.vanished(listed, error);
    }
    const body = Buffer.concat(chunks);
    return async (tar) => {
      const header = this.header(listed, body.length, answer);
      await new Promise<void>((resolve, reject) => {
        tar.entry(header, body, (error) => (error ? reject(error) : resolve()));
      });
      if (this.onLine) await this.tell(header, createHash('sha256').update(body).digest('hex'));
    };
  }

  private async writeLarge(tar: Pack, listed: ListedMedia): Promise<void> {
    const head = await headOf(this.bucket, listed.key);
    if (!head) return this.warn(`${JSON.stringify(listed.key)} vanished before it was read`);
    const etag = head.ETag;
    const hash = createHash('sha256');
    const body = hashing(this.read(listed, etag === undefined ? {} : { etag }), hash);
    const header = this.header(listed, head.ContentLength ?? 0, head);
    try {
      const entry = tar.entry(header);
      await pipeline(Readable.from(body, { objectMode: false }), entry as unknown as NodeJS.WritableStream);
    } catch (error) {
      this.options.signal.throwIfAborted();
      throw mediaError(error, `${JSON.stringify(listed.key)} could not be read to its end`);
    }
    await this.tell(header, hash.digest('hex'));
  }

  private async tell({ name, size, mode }: Header, sha256: string): Promise<void> {
    const entry = { name: Buffer.from(name).toString('latin1'), type: 'file', bytes: size, mode, link: '' };
    await this.onLine?.(listingLine(entry, sha256));
  }

  private read(
    { key }: ListedMedia,
    options: { readonly etag?: string; readonly onAnswer?: (answer: GetObjectCommandOutput) => void },
  ): AsyncIterable<Buffer> {
    const { client, location } = this.bucket;
    return resumableRead(client, { Bucket: location.bucket, Key: key }, { ...options, signal: this.options.signal });
  }

  private header(listed: ListedMedia, size: number, answer: HeadObjectCommandOutput | undefined): Header {
    const key = listed.key.slice(this.bucket.location.key.length);
    if (answer?.ETag !== listed.etag) this.warn(`${JSON.stringify(listed.key)} changed after it was listed`);
    this.files += 1;
    this.bytes += size;
    const { ContentType, CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, Metadata } = answer ?? {};
    const properties = { ContentType, CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, Metadata };
    return {
      name: tarNameOf(key),
      size,
      mode: 0o644,
      mtime: answer?.LastModified ?? listed.modified,
      type: 'file' as const,
      pax: {
        [objectRecords.key]: key,
        [objectRecords.etag]: answer?.ETag ?? listed.etag,
        [objectRecords.properties]: JSON.stringify(properties),
      },
    };
  }

  private async vanished(listed: ListedMedia, error: unknown): Promise<() => Promise<void>> {
    this.options.signal.throwIfAborted();
    if (!(await isMissing(this.bucket, listed.key, error)))
      throw mediaError(error, `${JSON.stringify(listed.key)} cannot be read`);
    return async () => this.warn(`${JSON.stringify(listed.key)} vanished before it was read`);
  }

  private warn(text: string): void {
    if (this.warnings.length < 1_000) this.warnings.push(text);
  }
}

async function* hashing(body: AsyncIterable<Buffer>, hash: Hash): AsyncIterable<Buffer> {
  for await (const chunk of body) {
    hash.update(chunk);
    yield chunk;
  }
}
