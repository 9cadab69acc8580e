import { Readable } from 'node:stream';
import type { ReadOptions, Storage, StoredObject } from '../../core/storage.js';

export const put = (storage: Storage, key: string, content: string | Buffer) =>
  storage.write(key, Readable.from([Buffer.from(content)]));

export async function get(storage: Storage, key: string, options?: ReadOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await storage.read(key, options)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function list(storage: Storage, prefix: string): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of storage.list(prefix)) objects.push(object);
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

export const keysOf = async (storage: Storage, prefix: string) => (await list(storage, prefix)).map(({ key }) => key);
