import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BackupService, OperatorError } from '../../container/service.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';
import { s3Endpoint, testBucket } from '../support/s3.js';
import { makeTree, treeOf } from '../support/tree.js';

describe('BackupService', () => {
  it('backs up, lists, restores and cleans up', async () => {
    const database = await testDatabase(crmSample);
    const environment = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const said: string[] = [];
    const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text), error: () => {} };
    const service = new BackupService({ environment, log });
    const before = await contentsOf(database.name);

    const { manifest } = await service.backupDatabase({ compress: false });
    expect(manifest.compression.method).toBe('none');
    expect(said).toEqual([expect.stringContaining(`as ${manifest.id}`)]);
    expect(await service.listBackups()).toMatchObject([{ id: manifest.id, storages: ['local'] }]);

    await database.query('DROP TABLE deals CASCADE');
    expect(await service.restoreDatabase(manifest.id)).toMatchObject({
      database: database.name,
      compared: true,
      rows: 3500,
    });
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await service.cleanupOldBackups()).toMatchObject([{ removed: [] }, { removed: [] }]);
  });

  it('backs media files up and brings them back', async () => {
    const folder = await temporaryFolder();
    const root = join(folder, 'media');
    await makeTree(root);
    // The program that writes the listing is there in the built package only.
    const environment = { MEDIA_ROOT: root, BACKUP_DIR: join(folder, 'backups'), BACKUP_FINGERPRINT: 'counts' };
    const service = new BackupService({ environment });
    const before = await treeOf(root);
    const { manifest } = await service.backupMedia({ compress: false, exclude: ['nothing'] });
    expect(await service.listBackups()).toMatchObject([{ id: manifest.id, kind: 'media' }]);
    await rm(join(root, 'deep'), { recursive: true });
    const restored = await service.restoreMedia(manifest.id);
    expect(restored).toMatchObject({ into: root, compared: true, files: manifest.media?.files });
    expect(await treeOf(root)).toEqual(before);
    expect(Object.keys(await treeOf(restored.kept ?? ''))).not.toContain('/deep');
    await service.restoreMedia(manifest.id, { into: join(folder, 'copy') });
    expect(await treeOf(join(folder, 'copy'))).toEqual(before);
  });

  it('throws what a person can mend, and says so', async () => {
    const environment = { DATABASE_URL: 'mysql://x/y', BACKUP_DIR: await temporaryFolder() };
    const service = new BackupService({ environment });
    await expect(service.backupDatabase()).rejects.toThrow(OperatorError);
    await expect(service.restoreDatabase('db_backup_20200101_000000')).rejects.toMatchObject({
      code: 'NO_SUCH_BACKUP',
      exitCode: 5,
    });
    await expect(service.uploadToS3('x')).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
  });

  it('ends when it is told to', async () => {
    const database = await testDatabase(crmSample);
    const signal = AbortSignal.abort(new OperatorError('INTERRUPTED', 'enough', 'Run again.'));
    const service = new BackupService({
      environment: { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() },
      signal,
    });
    await expect(service.backupDatabase()).rejects.toThrow('enough');
  });

  it.skipIf(s3Endpoint() === null)('uploads a local backup, whole, and once', async () => {
    const database = await testDatabase(crmSample);
    const bucket = await testBucket();
    const environment = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), ...bucket.env };
    // The SDK reads credentials from the process' own environment.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    const service = new BackupService({ environment });
    const { manifest } = await service.backupDatabase();
    await service.uploadToS3(`${environment.BACKUP_DIR}/${manifest.files[0]?.key}`);
    expect(await bucket.keys()).toEqual([
      `backups/database/${manifest.id}.manifest.json`,
      `backups/${manifest.files[0]?.key}`,
    ]);
    expect(await service.listBackups()).toMatchObject([{ storages: ['local', 's3'] }]);
    await expect(service.uploadToS3(manifest.id)).rejects.toMatchObject({ code: 'ALREADY_STORED' });
    const fromS3 = new BackupService({ environment: { ...environment, BACKUP_STORAGE: 's3' } });
    expect(await fromS3.restoreDatabase(manifest.id, { into: `${database.name}_copy` })).toMatchObject({
      compared: true,
    });
    await expect(service.uploadToS3(`s3://${bucket.name}/backups/${manifest.files[0]?.key}`)).rejects.toMatchObject({
      code: 'ALREADY_STORED',
    });
  });
});
