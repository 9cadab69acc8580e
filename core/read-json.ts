import { OperatorError } from './errors.js';
import type { Storage } from './storage.js';

/** Far above any honest record; so that a wrong file is refused instead of read into memory. */
const mostBytes = 64 * 1024 * 1024;

/** All bytes of a small object. */
export async function readSmall(storage: Storage, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of await storage.read(key)) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > mostBytes) throw invalid(key, `has more than ${mostBytes} bytes`);
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

/** @throws OperatorError MANIFEST_INVALID where it is no JSON */
export async function readJson(storage: Storage, key: string): Promise<unknown> {
  const bytes = await readSmall(storage, key);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid(key, 'is not JSON', cause);
  }
}

function invalid(key: string, what: string, cause?: unknown): OperatorError {
  return new OperatorError('MANIFEST_INVALID', `${key} ${what}`, 'It was damaged or is not of this program.', {
    cause,
  });
}
