import { rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import prettyBytes from 'pretty-bytes';
import { messageOf, OperatorError } from '../core/errors.js';
import { announcingRestore } from './announce.js';
import { isBucket, mediaRoot } from './backup-media.js';
import { decode, decoders, readArchive } from './decode.js';
import { assertListedWhole, type FoundArchive } from './find-archive.js';
import { extractTar } from './media/extract.js';
import { holdMediaToReplace } from './media/hold.js';
import { clearAbandoned, finishInterrupted, makeRestoring, type Place, planPlace, swapIn } from './media/place.js';
import { assertFolder } from './media/tar.js';
import { openMediaBucket, usesAws } from './open-storages.js';
import type { MediaRestoreResult } from './results.js';
import type { Run } from './run.js';
import type { Command } from './streams/command.js';

export interface MediaRestoreOptions {
  /** Restore into this new folder and leave the running one alone. */
  readonly into?: string | undefined;
  /** In a bucket: whether objects that have changed since the backup are replaced too. */
  readonly replaceChanged?: boolean | undefined;
}

/** Where media files are restored to. A folder is made anew beside the old one; objects go back under their keys. */
export type MediaTarget =
  | { readonly type: 'folder'; readonly place: Place; readonly free: number }
  | { readonly type: 'bucket'; readonly url: string; readonly replaceChanged: boolean };

/** What a restore of media files will do, found out without changing anything. */
export interface MediaRestorePlan {
  readonly found: FoundArchive;
  readonly decoders: readonly Command[];
  readonly target: MediaTarget;
}

/**
 * Finds out whether and how media files can be restored. Changes nothing and downloads nothing.
 *
 * @throws OperatorError with whatever would make the restore fail: keys, room, a folder that is in the way
 */
export async function planMediaRestore(
  run: Run,
  found: FoundArchive,
  { into, replaceChanged = false }: MediaRestoreOptions,
): Promise<MediaRestorePlan> {
  if (found.wrapping.content !== 'tar') {
    throw new OperatorError(
      'USAGE',
      `${found.id} holds a database, not media files`,
      `Restore it with: respaldo restore ${found.id}.`,
    );
  }
  assertListedWhole(found);
  const commands = await decoders(found, run.settings);
  const root = into ?? mediaRoot(run);
  if (isBucket(root)) return { found, decoders: commands, target: { type: 'bucket', url: root, replaceChanged } };
  return { found, decoders: commands, target: await planFolder(run, found, root, into !== undefined) };
}

async function planFolder(run: Run, found: FoundArchive, root: string, anew: boolean): Promise<MediaTarget> {
  const place = await planPlace(root, run.now());
  if (anew && place.exists) {
    throw new OperatorError(
      'USAGE',
      `${root} exists already`,
      'Give --into a new folder; nothing is ever restored over one by that option.',
    );
  }
  if (place.exists) await assertFolder(place.root);
  const free = await freeBytes(dirname(place.restoring));
  const needed = found.manifest?.media?.bytes ?? found.archive.bytes;
  if (free < needed) {
    throw new OperatorError(
      'STORAGE_FULL',
      `restore of ${found.id} not begun: it needs ${prettyBytes(needed)} beside ${place.root}, and ${prettyBytes(free)} are free`,
      'Make room, or restore to a larger disk with --into DIRECTORY.',
    );
  }
  return { type: 'folder', place, free };
}

/** Does what the plan says. Whatever fails before the swap leaves the folder as it was and removes what was restored. */
export function restoreMedia(run: Run, plan: MediaRestorePlan): Promise<MediaRestoreResult> {
  return announcingRestore(
    run,
    'media',
    plan.found.id,
    (watched) => carryOut(watched, plan),
    ({ into, kept }) => ({ into, kept }),
  );
}

async function carryOut(run: Run, plan: MediaRestorePlan): Promise<MediaRestoreResult> {
  const { found, target } = plan;
  return holdMediaToReplace(target.type === 'folder' ? target.place.root : target.url, async () => {
    run.log.info(`restoring ${found.id} from ${found.storage.name}`);
    return target.type === 'folder' ? restoreFolder(run, plan, target.place) : restoreObjects(run, plan, target);
  });
}

async function restoreFolder(run: Run, plan: MediaRestorePlan, place: Place): Promise<MediaRestoreResult> {
  const facts = plan.found.manifest?.media;
  const expected = facts && { files: facts.files, bytes: facts.bytes };
  await finishInterrupted(place, run.log);
  await clearAbandoned(place, run.log);
  await makeRestoring(place);
  try {
    const extracted = await unpack(run, plan, 'restoring', (tar) =>
      extractTar(tar, { folder: place.restoring, expected }),
    );
    for (const warning of extracted.warnings) run.log.warn(warning);
    const compared = compare(plan.found, extracted);
    run.signal.throwIfAborted();
    const kept = await swapIn(place);
    return { into: place.root, kept, files: extracted.files, bytes: extracted.bytes, compared };
  } catch (error) {
    await rm(place.restoring, { recursive: true, force: true }).catch((reason) => {
      run.log.warn(`${place.restoring} could not be removed, the next restore does it: ${messageOf(reason)}`);
    });
    throw error;
  }
}

/** Objects are put into the running bucket, so the archive is read twice: once to see that it is whole. */
async function restoreObjects(
  run: Run,
  plan: MediaRestorePlan,
  { url, replaceChanged }: Extract<MediaTarget, { type: 'bucket' }>,
): Promise<MediaRestoreResult> {
  const { countTar, putBack } = await import('./media/bucket-restore.js');
  const bucket = await openMediaBucket(url, run.settings);
  const counted = await unpack(run, plan, 'checking', countTar);
  const compared = compare(plan.found, counted);
  const options = { replaceChanged, nativeChecksums: usesAws(run.settings), signal: run.signal };
  const { written, same, left } = await unpack(run, plan, 'restoring', (tar) => putBack(tar, bucket, options));
  run.log.info(`${written} objects put back, ${same} were there as they were backed up`);
  if (left.length > 0) {
    const more = left.length > 10 ? ` and ${left.length - 10} more` : '';
    run.log.warn(
      `${left.length} objects have changed since the backup and were left as they are (--force replaces them): ${left
        .slice(0, 10)
        .map((key) => JSON.stringify(key))
        .join(', ')}${more}`,
    );
  }
  return { into: url, kept: undefined, ...counted, compared };
}

/** Reads the archive through its digest and its decoders; what is made of it counts only if it was read to its end. */
async function unpack<T>(
  run: Run,
  { found, decoders: commands }: MediaRestorePlan,
  what: string,
  use: (tar: Readable) => Promise<T>,
): Promise<T> {
  const step = run.progress.start(`${what} ${found.id}`, found.archive.bytes);
  const archive = await readArchive(found, step, run.signal);
  const result = await decode(archive, commands, run.signal, use);
  step.end();
  return result;
}

/** @throws OperatorError COMPARISON_DIFFERS */
function compare(
  { id, manifest }: FoundArchive,
  { files, bytes }: { readonly files: number; readonly bytes: number },
): boolean {
  const expected = manifest?.media;
  if (!expected) return false;
  if (files === expected.files && bytes === expected.bytes) return true;
  throw new OperatorError(
    'COMPARISON_DIFFERS',
    `${id} restores to something else than was backed up: ${files} files of ${bytes} bytes, the manifest says ${expected.files} of ${expected.bytes}`,
    'What is there now is as it was. Use another backup (respaldo list) and report this one.',
  );
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(folder) !== folder)
      return freeBytes(dirname(folder));
    throw new OperatorError('RESTORE_FAILED', `${folder} cannot be read: ${messageOf(error)}`, 'Correct MEDIA_ROOT.', {
      cause: error,
    });
  }
}
