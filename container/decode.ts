import { pipeline, type Readable } from 'node:stream';
import type { Wrapping } from '../core/archive-name.js';
import type { Step } from '../core/log.js';
import type { Manifest, ManifestFile } from '../core/manifest.js';
import type { Settings } from '../core/settings.js';
import type { FoundArchive } from './find-archive.js';
import type { Command } from './streams/command.js';
import { compareDigest } from './streams/compare-digest.js';
import { decompressor } from './streams/compress.js';
import { decryptor } from './streams/encrypt.js';
import { runPipe } from './streams/pipe.js';

/** The programs that turn stored bytes back into what was stored, in order; none for bare ones. */
export async function fileDecoders(
  { encryption, compression }: Wrapping,
  recipients: Manifest['encryption']['recipients'],
  settings: Settings,
): Promise<Command[]> {
  return [
    ...(encryption === 'none' ? [] : [await decryptor(encryption, recipients, settings)]),
    ...(compression === 'none' ? [] : [await decompressor(compression)]),
  ];
}

/** The same for an archive as a whole. */
export function decoders({ wrapping, manifest }: FoundArchive, settings: Settings): Promise<Command[]> {
  return fileDecoders(wrapping, manifest?.encryption.recipients, settings);
}

/** Sends stored bytes through their decoders. What is made of them counts only if they were read to their end. */
export async function decode<T>(
  stored: Readable,
  commands: readonly Command[],
  signal: AbortSignal,
  use: (bytes: Readable) => Promise<T>,
): Promise<T> {
  if (commands.length === 0) return use(stored);
  return (await runPipe(commands, { input: stored, output: use, signal })).value;
}

/** The stored bytes of an archive. The stream ends only if they are what the manifest says. */
export async function readArchive(
  { id, archive, storage }: FoundArchive,
  step: Step,
  signal: AbortSignal,
): Promise<Readable> {
  const source = await storage.read(archive.key, { signal });
  const compared = compareDigest(archive, id, (bytes) => step.update(bytes));
  const isWaitedFor = () => !compared.writableEnded && source.readableLength + compared.readableLength === 0;
  step.waitsFor?.(() => (isWaitedFor() ? 'storage' : 'source'));
  return pipeline(source, compared, () => {}); // the reader gets the error
}

/** The same for one file of a backup that has many. */
export async function readFileOf(
  { id, storage }: FoundArchive,
  file: ManifestFile,
  signal: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<Readable> {
  return pipeline(await storage.read(file.key, { signal }), compareDigest(file, id, onBytes), () => {}); // likewise
}
