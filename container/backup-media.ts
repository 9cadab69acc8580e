import type { Compression } from '../core/archive-name.js';
import { OperatorError } from '../core/errors.js';
import type { MediaFacts } from '../core/manifest.js';
import { fingerprintMode } from '../core/postgres/fingerprint.js';
import { announcingBackup } from './announce.js';
import type { Producer } from './archive.js';
import { completeBackup, type Draft, discardDraft, draftBackup } from './backup.js';
import { assertApart } from './media/apart.js';
import { holdMedia } from './media/hold.js';
import { ListingFile } from './media/listing-file.js';
import { assertNotHalfSwapped } from './media/place.js';
import { assertFolder, Count, survey, tarCommand } from './media/tar.js';
import { openMediaBucket } from './open-storages.js';
import type { BackupResult } from './results.js';
import type { Run } from './run.js';
import { StoredFiles } from './stored-files.js';
import { chooseCompressor } from './streams/compress.js';
import { encryptor } from './streams/encrypt.js';

export interface MediaBackupOptions {
  readonly compression: Compression;
  readonly uploadS3: boolean;
  /** Patterns as in tar's `--exclude`, beside those of the settings. */
  readonly exclude: readonly string[];
}

type MediaCount = Pick<MediaFacts, 'files' | 'bytes' | 'folders' | 'links'> & { readonly warnings: readonly string[] };

/** Where media files come from: what makes the archive, and afterwards what was in it. */
interface MediaSource {
  readonly expectedBytes: number;
  /** Makes the archive, and its listing where one is wanted. */
  readonly producer: (listing: ListingFile | undefined) => Producer;
  /** Complete once the archive is. */
  readonly count: () => MediaCount;
}

/**
 * Backs up the media files: one tar, stored everywhere at once, the manifest last. Files that vanish or change meanwhile
 * are warnings in the manifest; files that cannot be read make it fail.
 *
 * @throws OperatorError of the source; or of the storage, where no storage has the backup
 */
export function backupMedia(run: Run, options: MediaBackupOptions): Promise<BackupResult> {
  return announcingBackup(run, 'media', (watched) => takeBackup(watched, options));
}

async function takeBackup(run: Run, options: MediaBackupOptions): Promise<BackupResult> {
  const { settings } = run;
  const root = mediaRoot(run);
  // Pictures and videos are compressed already: a higher level takes three times as long to gain a hundredth.
  const compressor = await chooseCompressor(options.compression, settings.BACKUP_COMPRESSION_LEVEL ?? 1);
  if (compressor?.notice) run.log.warn(compressor.notice);
  const seal = await encryptor(settings);
  const exclude = [...settings.BACKUP_MEDIA_EXCLUDE, ...options.exclude];
  const inBucket = isBucket(root);
  if (!inBucket) await assertFolder(root);
  return holdMedia(root, async () => {
    const draft = await draftBackup(run, 'media', options.uploadS3);
    const stored = new StoredFiles({ run, draft, compression: options.compression, compressor, encryptor: seal });
    const source = await (inBucket ? bucketSource : folderSource)(run, root, exclude);
    const { expectedBytes } = source;
    run.log.info(`backing up ${root} as ${draft.id}`);
    const isListed = fingerprintMode(settings.BACKUP_FINGERPRINT, expectedBytes) === 'full';
    const listing = isListed ? await ListingFile.open() : undefined;
    try {
      const step = run.progress.start('archiving', expectedBytes);
      const producer = source.producer(listing);
      await stored.add(producer, { key: draft.base, role: 'archive', content: 'tar' }, { expectedBytes, step });
      step.end();
      if (listing) await storeListing(run, draft, stored, listing);
      const { warnings, ...counted } = source.count();
      for (const warning of warnings.slice(0, 10)) run.log.warn(warning);
      if (warnings.length > 10) run.log.warn(`and ${warnings.length - 10} more; the manifest names them`);
      const media = { source: root, ...counted, ...(exclude.length > 0 ? { exclude } : {}) };
      const manifest = { ...stored.manifest('tar'), media, warnings: [...warnings] };
      return await completeBackup(run, draft, manifest, stored.outcomes);
    } catch (error) {
      await discardDraft(run, draft, stored.arrived);
      throw error;
    } finally {
      await listing?.close();
    }
  });
}

async function storeListing(run: Run, draft: Draft, stored: StoredFiles, listing: ListingFile): Promise<void> {
  const { stream, bytes } = await listing.read();
  const file = { key: `${draft.base}.files`, role: 'listing', content: 'jsonl' } as const;
  await stored.add({ stream }, file, { expectedBytes: bytes, step: run.progress.start('listing', bytes) });
}

async function folderSource(run: Run, root: string, exclude: readonly string[]): Promise<MediaSource> {
  await assertNotHalfSwapped(root);
  await assertApart(root, run);
  const without = run.storages.filter(({ type }) => type === 'local').map(({ name }) => name);
  const folder = { root, exclude, without };
  const found = await survey(folder, run.signal);
  if (found.files === 0) run.log.warn(`${root} holds no files: is a volume not mounted?`);
  if (found.outward.length > 0) {
    run.log.warn(
      `links that lead out of ${root} are kept as links, without what they lead to: ${found.outward.join(', ')}`,
    );
  }
  const count = new Count();
  const command = await tarCommand(folder, count);
  return {
    producer: (listing) => ({ command, filter: listing?.filter }),
    expectedBytes: found.bytes,
    count: () => {
      const { files, bytes, folders, links, warnings } = count;
      return { files, bytes, folders, links, warnings };
    },
  };
}

async function bucketSource(run: Run, root: string, exclude: readonly string[]): Promise<MediaSource> {
  const { BucketSource } = await import('./media/bucket-source.js');
  const bucket = await openMediaBucket(root, run.settings);
  const own = `s3://${bucket.location.bucket}/`;
  const without = run.storages.flatMap(({ name }) => (name.startsWith(own) ? [name.slice(own.length)] : []));
  if (without.some((prefix) => bucket.location.key.startsWith(prefix))) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      `MEDIA_ROOT ${root} lies within the backups, ${own}${without.join(', ')}`,
      'Keep backups elsewhere: set BACKUP_S3_PREFIX or AWS_S3_BUCKET_NAME.',
    );
  }
  const source = new BucketSource(bucket, { exclude, without, signal: run.signal });
  const found = await source.survey();
  if (found.files === 0) run.log.warn(`${root} holds no objects: is the prefix right?`);
  return {
    producer: (listing) => ({ stream: source.stream(listing && ((line) => listing.add(line))) }),
    expectedBytes: found.bytes,
    count: () => ({ files: source.files, bytes: source.bytes, warnings: source.warnings }),
  };
}

export function isBucket(root: string): boolean {
  return root.startsWith('s3://');
}

/** @throws OperatorError MEDIA_MISSING */
export function mediaRoot({ settings }: Pick<Run, 'settings'>): string {
  if (settings.MEDIA_ROOT) return settings.MEDIA_ROOT;
  throw new OperatorError(
    'MEDIA_MISSING',
    'MEDIA_ROOT is not set',
    'Set it to the folder of the media files, or to s3://bucket/prefix; where there are none, use --database alone.',
  );
}
