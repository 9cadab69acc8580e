import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LocalStorage } from '../../container/storage/local-storage.js';
import { respaldo } from '../support/cli.js';
import { canMount, enlargeDisk, mountSmallDisk } from '../support/disk.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, testDatabase } from '../support/postgres.js';

const mountable = await canMount();

async function smallDisk(kilobytes: number): Promise<string> {
  const folder = join(await temporaryFolder(), 'disk');
  await mountSmallDisk(folder, kilobytes);
  return folder;
}

describe.skipIf(!mountable)('a full disk', { timeout: 180_000 }, () => {
  it('ends the backup, says so, leaves nothing, and the next run works once there is room', async () => {
    const database = await testDatabase(crmSample);
    const disk = await smallDisk(256);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: disk };
    const full = await respaldo(['backup', '--database', '--no-compress'], env);
    expect(full.exitCode, full.stderr).toBe(4);
    expect(full.stderr).toMatch(
      /ERROR STORAGE_FULL: .* not written: ENOSPC.*\nHINT: Free some space or move BACKUP_DIR/,
    );
    expect((await respaldo(['list'], env)).stdout).toContain('Backups available (0)');
    expect(await readdir(disk, { recursive: true })).toEqual([]);
    const check = await respaldo(['check'], env);
    expect(check.exitCode).toBe(8);
    expect(check.stdout).toMatch(/^FAIL \| disk space/m);

    await enlargeDisk(disk, 65_536);
    expect(await respaldo(['backup', '--database', '--no-compress'], env)).toMatchObject({ exitCode: 0 });
    expect(await respaldo(['verify', '--all'], env)).toMatchObject({ exitCode: 0 });
  });

  it('is the storage’s fault, wherever in the stream it shows', async () => {
    const disk = await smallDisk(64);
    const storage = new LocalStorage(disk);
    for (const pause of [0, 1]) {
      const source = new PassThrough({ highWaterMark: 1024 * 1024 });
      source.on('error', () => {});
      const writing = storage.write('a', source).catch((error) => error);
      for (let chunk = 0; chunk < 20 && !source.destroyed; chunk += 1) {
        source.write(Buffer.alloc(16_384));
        await delay(pause);
      }
      expect(await writing).toMatchObject({ code: 'STORAGE_FULL' });
      expect(await readdir(disk)).toEqual([]);
    }
  });
});
