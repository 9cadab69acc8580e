import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LocalStorage } from '../../../container/storage/local-storage.js';
import { temporaryFolder } from '../../support/folders.js';
import { get, keysOf, put } from '../../support/storage.js';

// What every storage must do is in test/contract/storage.test.ts.
describe('a local directory', () => {
  it('files are for their owner, and so are new folders', async () => {
    const folder = await temporaryFolder();
    await put(new LocalStorage(join(folder, 'new')), 'database/a', 'x');
    const mode = async (path: string) => ((await stat(join(folder, path))).mode & 0o777).toString(8);
    expect(await mode('new/database/a')).toBe('600');
    expect(await mode('new/database')).toBe('700');
    expect(await mode('new')).toBe('700');
  });

  it('a folder that is not there yet is an empty one', async () => {
    const storage = new LocalStorage(join(await temporaryFolder(), 'not', 'yet'));
    expect(await keysOf(storage, '')).toEqual([]);
    expect(await storage.freeBytes()).toBeGreaterThan(0);
    expect(await storage.remove(['a'])).toEqual([]);
    expect(await storage.clearAbandoned('', new Date())).toEqual([]);
  });

  it.each(['../out', 'database/../../out', '/etc/passwd', 'a\\..\\b'])(
    'a key that leads out is refused: %s',
    async (key) => {
      const folder = await temporaryFolder();
      const storage = new LocalStorage(join(folder, 'inside'));
      await expect(put(storage, key, 'x')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await expect(get(storage, key)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      expect(await storage.remove([key])).toMatchObject([{ key }]);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('lists files, not what leads elsewhere', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'database'));
    await symlink('/etc', join(folder, 'database', 'etc'));
    await symlink('/etc/passwd', join(folder, 'database', 'passwd'));
    expect(await keysOf(new LocalStorage(folder), '')).toEqual([]);
  });

  it('a disk that does not give the bytes back is the storage’s fault', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'database', 'a'), { recursive: true });
    await expect(get(new LocalStorage(folder), 'database/a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  it('a read that is called off before it begins ends with the reason for that, and nothing else', async () => {
    const storage = new LocalStorage(await temporaryFolder());
    await put(storage, 'a', 'x'.repeat(100));
    const reason = new Error('called off');
    const stream = await storage.read('a', { signal: AbortSignal.abort(reason) });
    await delay(50); // an error that nobody listens to would have ended the process by now
    await expect(buffer(stream)).rejects.toBe(reason);
  });

  it('a folder that is a file is the storage’s fault', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'database'), 'no folder');
    await expect(put(new LocalStorage(folder), 'database/a', 'x')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(keysOf(new LocalStorage(folder), 'database/')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});
