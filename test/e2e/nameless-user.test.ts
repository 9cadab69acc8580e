import { chown } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

/** A number that no user is named by, as `docker run --user 4321` and OpenShift give a container. */
const nameless = 4321;

describe.skipIf(s3Endpoint() === null || process.getuid?.() !== 0)('as a user without a name', () => {
  it('backs up and restores the media files of a bucket, which are held by a file in the temporary folder', async () => {
    const bucket = await testBucket();
    await bucket.put('media/a.jpg', 'a');
    const folder = await temporaryFolder();
    await chown(folder, nameless, nameless);
    const env = { ...bucket.env, MEDIA_ROOT: `s3://${bucket.name}/media`, BACKUP_DIR: folder, TMPDIR: folder };
    const identity = { uid: nameless, gid: nameless };
    const backup = await respaldo(['backup', '--media'], env, identity);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    await bucket.put('media/a.jpg', 'changed');
    const restore = await respaldo(['restore', '--media', '--latest', '--force'], env, identity);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
  });
});
