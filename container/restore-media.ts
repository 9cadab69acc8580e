import { rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import prettyBytes from 'pretty-bytes';
import { messageOf, OperatorError } from '../core/errors.js';
import { announcingRestore } from './announce.js';
import { mediaRoot } from './backup-media.js';
import { decoders, readArchive } from './decode.js';
import type { FoundArchive } from './find-archive.js';
import { type Extracted, extractTar } from './media/extract.js';
import { holdMedia } from './media/hold.js';
import { clearAbandoned, finishInterrupted, makeRestoring, type Place, planPlace, swapIn } from './media/place.js';
import type { Run } from './run.js';
import type { Command } from './streams/command.js';
import { runPipe } from './streams/pipe.js';

export interface MediaRestoreOptions {
  /** Restore into this new folder and leave the running one alone. */
  readonly into?: string | undefined;
}

/** What a restore of media files will do, found out without changing anything. */
export interface MediaRestorePlan {
  readonly found: FoundArchive;
  readonly decoders: readonly Command[];
  readonly place: Place;
  /** Bytes free where the files are restored to. */
  readonly free: number;
}

export interface MediaRestoreResult {
  readonly into: string;
  /** Where the files are that were in service before; undefined where there were none. */
  readonly kept: string | undefined;
  readonly files: number;
  readonly bytes: number;
  /** False where no manifest said what the result should be. */
  readonly compared: boolean;
}

/**
 * Finds out whether and how media files can be restored. Changes nothing and downloads nothing.
 *
 * @throws OperatorError with whatever would make the restore fail: keys, room, a folder that is in the way
 */
export async function planMediaRestore(
  run: Run,
  found: FoundArchive,
  { into }: MediaRestoreOptions,
): Promise<MediaRestorePlan> {
  if (found.wrapping.content !== 'tar') {
    throw new OperatorError(
      'USAGE',
      `${found.id} holds a database, not media files`,
      `Restore it with: respaldo restore ${found.id}.`,
    );
  }
  const decode = await decoders(found, run.settings);
  const place = await planPlace(into ?? mediaRoot(run), run.now());
  if (into !== undefined && place.exists) {
    throw new OperatorError(
      'USAGE',
      `${into} exists already`,
      'Give --into a new folder; nothing is ever restored over one by that option.',
    );
  }
  const free = await freeBytes(dirname(place.restoring));
  const needed = found.manifest?.media?.bytes ?? found.archive.bytes;
  if (free < needed) {
    throw new OperatorError(
      'STORAGE_FULL',
      `restore of ${found.id} not begun: it needs ${prettyBytes(needed)} beside ${place.root}, and ${prettyBytes(free)} are free`,
      'Make room, or restore to a larger disk with --into DIRECTORY.',
    );
  }
  return { found, decoders: decode, place, free };
}

/** Does what the plan says. Whatever fails before the swap leaves the folder as it was and removes what was restored. */
export function restoreMedia(run: Run, plan: MediaRestorePlan): Promise<MediaRestoreResult> {
  return announcingRestore(
    run,
    'media',
    plan.found.id,
    () => carryOut(run, plan),
    ({ into, kept }) => ({ into, kept }),
  );
}

async function carryOut(run: Run, plan: MediaRestorePlan): Promise<MediaRestoreResult> {
  const { found, place } = plan;
  return holdMedia(place.root, async () => {
    run.log.info(`restoring ${found.id} from ${found.storage.name}`);
    await finishInterrupted(place, run.log);
    await clearAbandoned(place, run.log);
    await makeRestoring(place);
    try {
      const extracted = await unpack(run, plan);
      for (const warning of extracted.warnings) run.log.warn(warning);
      const compared = compare(found, extracted);
      run.signal.throwIfAborted();
      const kept = await swapIn(place);
      return { into: place.root, kept, files: extracted.files, bytes: extracted.bytes, compared };
    } catch (error) {
      await rm(place.restoring, { recursive: true, force: true }).catch((reason) => {
        run.log.warn(`${place.restoring} could not be removed, the next restore does it: ${messageOf(reason)}`);
      });
      throw error;
    }
  });
}

async function unpack(run: Run, { found, place, decoders: decode }: MediaRestorePlan): Promise<Extracted> {
  const step = run.progress.start(`restoring ${found.id}`, found.archive.bytes);
  const archive = await readArchive(found, step, run.signal);
  const facts = found.manifest?.media;
  const expected = facts && { files: facts.files, bytes: facts.bytes };
  const output = (tar: Readable) => extractTar(tar, { folder: place.restoring, expected });
  const extracted =
    decode.length === 0
      ? await output(archive)
      : (await runPipe(decode, { input: archive, output, signal: run.signal })).value;
  step.end();
  return extracted;
}

/** @throws OperatorError COMPARISON_DIFFERS */
function compare({ id, manifest }: FoundArchive, { files, bytes }: Extracted): boolean {
  const expected = manifest?.media;
  if (!expected) return false;
  if (files === expected.files && bytes === expected.bytes) return true;
  throw new OperatorError(
    'COMPARISON_DIFFERS',
    `${id} restores to something else than was backed up: ${files} files of ${bytes} bytes, the manifest says ${expected.files} of ${expected.bytes}`,
    'The running folder is as it was. Use another backup (respaldo list) and report this one.',
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
