import { readdir } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { holdMedia } from '../../../container/media/hold.js';
import { holdToRead, holdToReplace, isShared } from '../../../container/media/hold-across.js';
import { temporaryFolder } from '../../support/folders.js';

/** What is no folder is held by a file in the temporary folder: here one of the test's own. */
describe('the hold of a bucket', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(() => vi.unstubAllEnvs());

  it('keeps a second run out, and leaves no file', async () => {
    await holdMedia('s3://bucket/media/', async () => {
      expect(await readdir(folder)).toHaveLength(1);
      await expect(holdMedia('s3://bucket/media/', async () => {})).rejects.toMatchObject({ code: 'BUSY' });
      await holdMedia('s3://bucket/other/', async () => {});
      expect(await readdir(folder)).toHaveLength(1);
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('is had by one of many at every moment, while its file comes and goes', async () => {
    let inside = 0;
    let had = 0;
    const once = () =>
      holdMedia('s3://bucket/media/', async () => {
        inside += 1;
        had += 1;
        expect(inside).toBe(1);
        await turn();
        inside -= 1;
      }).catch((error) => expect(error).toMatchObject({ code: 'BUSY' }));
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let round = 0; round < 50; round += 1) await once();
      }),
    );
    expect(had).toBeGreaterThan(8);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the hold of a folder that several machines have mounted', () => {
  const busy = { code: 'BUSY' };
  const other = vi.fn(async () => {});
  afterEach(() => other.mockClear());

  it('keeps everybody away while it is replaced', async () => {
    const folder = await temporaryFolder();
    await holdToReplace(folder, async () => {
      await expect(holdToReplace(folder, other)).rejects.toMatchObject(busy);
      await expect(holdToRead(folder, other)).rejects.toMatchObject(busy);
    });
    expect(other).not.toHaveBeenCalled();
    await holdToReplace(folder, other);
    await holdToRead(folder, other);
    expect(other).toHaveBeenCalledTimes(2);
    expect(await readdir(folder)).toEqual(['.respaldo-hold']);
  });

  it('keeps it from being replaced while it is read, and readers from nothing', async () => {
    const folder = await temporaryFolder();
    await holdToReplace(folder, async () => {});
    await holdToRead(folder, async () => {
      await holdToRead(folder, other);
      await expect(holdToReplace(folder, other)).rejects.toMatchObject(busy);
    });
    expect(other).toHaveBeenCalledTimes(1);
  });

  it('writes nothing to be read, and is one of a network’s file system only', async () => {
    const folder = await temporaryFolder();
    await holdToRead(folder, other);
    expect(other).toHaveBeenCalledTimes(1);
    expect(await readdir(folder)).toEqual([]);
    expect(await isShared(folder)).toBe(false);
    expect(await isShared(`${folder}/none`)).toBe(false);
  });
});
