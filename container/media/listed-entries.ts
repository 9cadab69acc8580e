import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { isFile, listingLine } from '../../core/media/listing.js';
import { type TarEntry, tarEntries } from './tar-entries.js';

/** An entry whose body has been read, and its line in the listing. */
export interface ListedEntry {
  readonly entry: Omit<TarEntry, 'body'>;
  readonly line: string;
}

/**
 * The entries of a tar, each with its line in the listing, for which every byte is read.
 *
 * @throws OperatorError ARCHIVE_CORRUPT; the source's error
 */
export async function* listedEntries(tar: Readable): AsyncIterable<ListedEntry> {
  for await (const entry of tarEntries(tar)) {
    if (!isFile(entry)) {
      yield { entry, line: listingLine(entry, undefined) };
      continue;
    }
    const hash = createHash('sha256');
    for await (const chunk of entry.body) hash.update(chunk);
    yield { entry, line: listingLine(entry, hash.digest('hex')) };
  }
}
