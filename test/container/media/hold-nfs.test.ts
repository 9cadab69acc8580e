import { readdir } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { holdMedia, holdMediaToReplace } from '../../../container/media/hold.js';
import { holdToReplace } from '../../../container/media/hold-across.js';
import { temporaryFolder } from '../../support/folders.js';

// No test can mount NFS: here the system only says that it is, as it says of EFS.
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  statfs: async () => ({ type: 0x6969 }),
}));

it('media files on NFS are held for all machines: by a restore with a file, by a backup without writing one', async () => {
  const folder = await temporaryFolder();
  await holdMedia(folder, async () => {});
  expect(await readdir(folder)).toEqual([]);
  await holdMediaToReplace(folder, async () => {
    expect(await readdir(folder)).toEqual(['.respaldo-hold']);
    // Another machine, on which nobody holds the folder itself.
    await expect(holdToReplace(folder, async () => {})).rejects.toMatchObject({ code: 'BUSY' });
  });
  await holdToReplace(folder, async () => {
    await expect(holdMedia(folder, async () => {})).rejects.toMatchObject({ code: 'BUSY' });
    await expect(holdMediaToReplace(folder, async () => {})).rejects.toMatchObject({ code: 'BUSY' });
  });
});
