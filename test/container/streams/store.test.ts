import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LocalStorage } from '../../../container/storage/local-storage.js';
import { storeEverywhere } from '../../../container/streams/store.js';
import type { Storage } from '../../../core/storage.js';
import { temporaryFolder } from '../../support/folders.js';

/** A network mount whose server is gone: nothing here can produce one. It takes so many bytes, and never answers again. */
function silentStorage(takes: number): Storage {
  return {
    type: 'local',
    name: '/mnt/gone',
    write: (_key: string, stream: Readable) => {
      let taken = 0;
      stream.on('data', (chunk: Buffer) => {
        taken += chunk.length;
        if (taken >= takes) stream.pause();
      });
      return new Promise(() => {});
    },
  } as unknown as Storage;
}

function* noise(megabytes: number) {
  for (let index = 0; index < megabytes * 16; index += 1) yield Buffer.alloc(65_536, index);
}

describe('a storage that takes nothing any more', () => {
  it.each([0, 2_000_000, 1e12])(
    'after %d bytes: it drops out with STORAGE_STALLED, the other has all',
    async (takes) => {
      const other = new LocalStorage(await temporaryFolder());
      const { outcomes, bytes } = await storeEverywhere(
        Readable.from(noise(5), { objectMode: false }),
        'database/a',
        [silentStorage(takes), other],
        { expectedBytes: 0, stallMilliseconds: 200 },
      );
      expect(bytes).toBe(5 * 1024 * 1024);
      expect(outcomes).toMatchObject([{ error: { code: 'STORAGE_STALLED' } }, { error: undefined }]);
    },
  );

  it('the only one: the run ends with it', async () => {
    const stored = storeEverywhere(Readable.from(noise(5), { objectMode: false }), 'database/a', [silentStorage(0)], {
      expectedBytes: 0,
      stallMilliseconds: 200,
    });
    await expect(stored).rejects.toMatchObject({ code: 'STORAGE_STALLED', exitCode: 4 });
  });
});
