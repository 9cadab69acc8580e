import { posix } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { folderOf, manifestSuffix } from '../core/archive-name.js';
import { OperatorError } from '../core/errors.js';
import { serializeManifest } from '../core/manifest.js';
import type { Storage } from '../core/storage.js';
import type { FoundArchive } from './find-archive.js';
import type { Run } from './run.js';
import { compareDigest } from './streams/compare-digest.js';

/**
 * Copies a backup into another storage, its manifest last. Every byte is digested on the way, so a damaged backup does
 * not arrive.
 *
 * @throws OperatorError DIGEST_DIFFERS, ALREADY_STORED, or the storages' own
 */
export async function copyBackup(run: Run, { id, files, storage, manifest }: FoundArchive, to: Storage): Promise<void> {
  if (!manifest) {
    throw new OperatorError(
      'MANIFEST_INVALID',
      `${id} has no manifest, so it is no backup that could be copied`,
      'Take a backup with respaldo, or copy the file by hand.',
    );
  }
  for (const [index, file] of manifest.files.entries()) {
    const from = files[index]?.key ?? file.key;
    const source = pipeline(await storage.read(from, { signal: run.signal }), compareDigest(file, id), () => {}); // the writer gets the error
    await to.write(file.key, source, { expectedBytes: file.bytes, signal: run.signal });
  }
  const bytes = serializeManifest(manifest);
  const key = `${folderOf(manifest.kind, manifest.target)}${posix.basename(manifest.id)}${manifestSuffix}`;
  await to.write(key, Readable.from([bytes]), { expectedBytes: bytes.length, signal: run.signal });
}
