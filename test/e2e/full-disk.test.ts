import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, testDatabase } from '../support/postgres.js';

const canMount = await mountable();

/** Only root may mount, and not in every container. */
async function mountable(): Promise<boolean> {
  const { failed } = await execa('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], {
    reject: false,
  });
  if (failed)
    process.stderr.write(
      '\n*** no tmpfs can be mounted here: the tests of a full disk are SKIPPED (run as root) ***\n\n',
    );
  return !failed;
}

async function smallDisk(size: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'disk');
  await mkdir(folder);
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  onTestFinished(async () => {
    await execa('umount', ['--lazy', folder]);
  });
  return folder;
}

describe.skipIf(!canMount)('a full disk', { timeout: 180_000 }, () => {
  it('ends the backup, says so, leaves nothing, and the next run works once there is room', async () => {
    const database = await testDatabase(crmSample);
    const disk = await smallDisk('256k');
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

    await execa('mount', ['-o', 'remount,size=64m', disk]);
    expect(await respaldo(['backup', '--database', '--no-compress'], env)).toMatchObject({ exitCode: 0 });
    expect(await respaldo(['verify', '--all'], env)).toMatchObject({ exitCode: 0 });
  });
});
