import { createHash, type Hash } from 'node:crypto';
import { isFile, type ListableEntry, listingLine } from '../../core/media/listing.js';
import type { TarVisitor } from './gnu-tar.js';

/** Makes each entry of a tar, when it has been read, a line of the listing. */
export class ListingLines implements TarVisitor {
  private entry: ListableEntry | undefined;
  private hash: Hash | undefined;

  /** @param take gets each line, without its end */
  constructor(private readonly take: (line: string) => void) {}

  begin(entry: ListableEntry): void {
    this.entry = entry;
    this.hash = isFile(entry) ? createHash('sha256') : undefined;
  }

  body(bytes: Buffer): void {
    this.hash?.update(bytes);
  }

  end(): void {
    if (this.entry) this.take(listingLine(this.entry, this.hash?.digest('hex')));
  }
}
