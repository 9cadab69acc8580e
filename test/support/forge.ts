import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseManifest, serializeManifest } from '../../core/manifest.js';

/*
 * What somebody who may write to the storage can do: change what was backed up, and let the manifest vouch for it.
 */

/**
 * Puts other bytes in the place of a backup's archive.
 *
 * @param path of its manifest
 * @param forged makes the bytes of those that are there
 */
export async function forgeArchive(path: string, forged: (original: Buffer) => Buffer): Promise<void> {
  const manifest = parseManifest(await readFile(path), path);
  for (const file of manifest.files.filter(({ role }) => role === 'archive')) {
    const archive = join(dirname(path), basename(file.key));
    const bytes = forged(await readFile(archive));
    await writeFile(archive, bytes);
    file.bytes = bytes.length;
    file.sha256 = createHash('sha256').update(bytes).digest('hex');
  }
  await writeFile(path, serializeManifest(manifest));
}

const lastLine = '-- PostgreSQL database dump complete';

/**
 * The way to add something to an uncompressed plain dump, before its last line: each time to the dump as it was.
 *
 * @param path of the backup's manifest
 */
export async function dumpForger(path: string): Promise<(added: string) => Promise<void>> {
  const original = await readFile(path.replace(/\.manifest\.json$/, '.sql'), 'utf8');
  const bytes = (added: string) => Buffer.from(original.replace(lastLine, () => `${added}\n${lastLine}`));
  return (added) => forgeArchive(path, () => bytes(added));
}
