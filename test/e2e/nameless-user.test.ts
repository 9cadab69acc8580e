import { chmod, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, testDatabase } from '../support/postgres.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

/** A number that no user is named by, as `docker run --user 4321` and OpenShift give a container. */
const nameless = 4321;
const identity = { uid: nameless, gid: nameless };

describe.skipIf(process.getuid?.() !== 0)('as a user without a name', () => {
  it('says by its number who needs a right', async () => {
    const folder = await temporaryFolder();
    const [media, backups] = [join(folder, 'media'), join(folder, 'backups')];
    await mkdir(media);
    await mkdir(backups, { mode: 0o700 });
    await chmod(folder, 0o755);
    const env = { MEDIA_ROOT: media, BACKUP_DIR: backups };
    const hint = /\nHINT: Give the user who runs respaldo \(uid 4321\) the right to /;
    const denied = await respaldo(['backup', '--media'], env, identity);
    expect(denied.stderr).toMatch(/^ERROR STORAGE_DENIED: /m);
    expect(denied.stderr).toMatch(hint);
    await chown(backups, nameless, nameless);
    expect(await respaldo(['backup', '--media'], env, identity)).toMatchObject({ exitCode: 0 });
    const restore = await respaldo(['restore', '--media', '--latest', '--force'], env, identity);
    expect(restore.stderr).toMatch(
      /^ERROR RESTORE_FAILED: restore not begun: EACCES: .*\/media\/\.respaldo-restoring_/m,
    );
    expect(restore.stderr).toMatch(hint);
    await chmod(folder, 0o700);
    const unread = await respaldo(['backup', '--media'], env, identity);
    expect(unread.stderr).toMatch(/^ERROR MEDIA_UNREADABLE: /m);
    expect(unread.stderr).toMatch(hint);
  });

  it.each([{ env: {} }, { env: { DATABASE_URL: 'postgresql://127.0.0.1/crm' } }])(
    'is told to name a role, $env',
    async ({ env }) => {
      const backup = await respaldo(['backup', '--database'], { PGHOST: '127.0.0.1', ...env }, identity);
      expect(backup).toMatchObject({ exitCode: 2 });
      expect(backup.stderr).toMatch(/^ERROR \w+: .*nothing names a role, and .* \(uid 4321\) has no name/m);
    },
  );

  it('is told that the temporary folder is not for it, before a parallel restore', async () => {
    const database = await testDatabase(crmSample);
    const [folder, closed] = [await temporaryFolder(), await temporaryFolder()];
    await chown(folder, nameless, nameless);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: folder };
    const backup = await respaldo(['backup', '--database', '--format', 'parallel'], env, identity);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const restore = await respaldo(['restore', '--latest', '--force'], { ...env, TMPDIR: closed }, identity);
    expect(restore).toMatchObject({ exitCode: 2 });
    expect(restore.stderr).toMatch(/^ERROR SETTINGS_INVALID: .* cannot be written to: EACCES/m);
    expect(await database.relatives()).toEqual([database.name]);
  });

  it.skipIf(s3Endpoint() === null)(
    'backs up and restores the media files of a bucket, which are held by a file in the temporary folder',
    async () => {
      const bucket = await testBucket();
      await bucket.put('media/a.jpg', 'a');
      const folder = await temporaryFolder();
      await chown(folder, nameless, nameless);
      const env = { ...bucket.env, MEDIA_ROOT: `s3://${bucket.name}/media`, BACKUP_DIR: folder, TMPDIR: folder };
      const backup = await respaldo(['backup', '--media'], env, identity);
      expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
      await bucket.put('media/a.jpg', 'changed');
      const restore = await respaldo(['restore', '--media', '--latest', '--force'], env, identity);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    },
  );
});
