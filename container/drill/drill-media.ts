import type { Readable } from 'node:stream';
import type { Manifest, MediaFacts } from '../../core/manifest.js';
import { isFile, ListingComparison } from '../../core/media/listing.js';
import { insidePath } from '../../core/media/tar-path.js';
import { decode, decoders, readArchive, readFileOf } from '../decode.js';
import type { FoundArchive } from '../find-archive.js';
import { listedEntries } from '../media/listed-entries.js';
import { shownName } from '../media/tar-entries.js';
import type { Run } from '../run.js';
import { linesOf } from '../streams/lines.js';

/** What a drill of media files found out. */
export interface MediaFindings {
  readonly restoreSeconds: number;
  /** Every name of a file with several is counted. */
  readonly files: number;
  /** Files whose bytes were compared. */
  readonly hashed: number;
  readonly differences: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Reads a media backup the way a restore does, every byte, and compares each entry with the listing that was made while
 * it was archived. Writes no file, so it needs no room. Without a listing it compares the number of files and bytes.
 *
 * @throws OperatorError of whatever would keep the archive from being restored
 */
export async function drillMedia(
  run: Run,
  found: FoundArchive & { readonly manifest: Manifest },
  facts: MediaFacts,
): Promise<MediaFindings> {
  const { id, archive, files, manifest } = found;
  const commands = await decoders(found, run.settings);
  const listing = files.find(({ role }) => role === 'listing');
  const step = run.progress.start(`reading ${id}`, archive.bytes);
  const started = performance.now();
  const tar = await readArchive(found, step, run.signal);
  const compared = await decode(tar, commands, run.signal, async (entries) => {
    if (!listing) return compareWith(entries, undefined);
    const lines = await readFileOf(found, listing, run.signal);
    return decode(lines, commands, run.signal, (text) => compareWith(entries, text));
  });
  step.end();
  const { files: counted, bytes, differences } = compared;
  const total =
    counted === facts.files && bytes === facts.bytes
      ? []
      : [`${counted} files of ${bytes} bytes are in the archive, the manifest says ${facts.files} of ${facts.bytes}`];
  return {
    restoreSeconds: (performance.now() - started) / 1000,
    files: counted,
    hashed: listing ? compared.hashed : 0,
    differences: [...differences, ...total],
    notes: listing ? [] : [`${manifest.id} has no listing of its files: only their number and size were compared`],
  };
}

async function compareWith(tar: Readable, listing: Readable | undefined) {
  const lines = listing && linesOf(listing);
  const next = async () => (await lines?.next())?.value ?? undefined;
  const comparison = new ListingComparison();
  const refused: string[] = [];
  const count = { files: 0, bytes: 0, hashed: 0 };
  for await (const { entry, line } of listedEntries(tar)) {
    if (lines) comparison.take(await next(), line);
    if (isFile(entry) || entry.type === 'link') count.files += 1;
    if (isFile(entry)) {
      count.bytes += entry.bytes;
      count.hashed += 1;
    }
    if (!insidePath(entry.name) && refused.length < 100)
      refused.push(`${shownName(entry.name)} would be written outside of the folder`);
  }
  for (let line = await next(); line !== undefined; line = await next()) comparison.take(line, undefined);
  return { ...count, differences: [...refused, ...comparison.differences] };
}
