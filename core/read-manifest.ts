import { type Manifest, parseManifest } from './manifest.js';
import { readSmall } from './read-json.js';
import type { Storage } from './storage.js';

/**
 * Reads one manifest.
 *
 * @param id the backup that it must be of, where that is known
 * @throws OperatorError MANIFEST_INVALID, or the storage's error
 */
export async function readManifest(storage: Storage, key: string, id?: string): Promise<Manifest> {
  return parseManifest(await readSmall(storage, key), key, id);
}
