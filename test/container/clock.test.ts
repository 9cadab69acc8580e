import { describe, expect, it } from 'vitest';
import { backupDatabase } from '../../container/backup-database.js';
import { everything } from '../../container/postgres/selection.js';
import { wire } from '../../container/wire.js';
import { silentProgress } from '../../core/log.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, testDatabase } from '../support/postgres.js';

describe('a clock that cannot be trusted', () => {
  it('two backups in one second, and one after the clock has jumped back: three names, the newest state is the newest', async () => {
    const database = await testDatabase(crmSample);
    const environment = {
      DATABASE_URL: database.url,
      BACKUP_DIR: await temporaryFolder(),
      BACKUP_ANOMALY_PERCENT: '0',
    };
    const warnings: string[] = [];
    const backupAt = async (time: string) => {
      const log = { info() {}, warn: (text: string) => warnings.push(text), error() {} };
      const run = await wire({
        environment,
        signal: new AbortController().signal,
        log,
        progress: silentProgress,
        now: () => new Date(time),
      });
      const options = {
        format: 'plain',
        compression: 'gzip',
        uploadS3: false,
        selection: everything,
        globals: 'none',
      } as const;
      return (await backupDatabase(run, options)).manifest.id;
    };
    expect(await backupAt('2026-03-01T12:00:00.100Z')).toBe('db_backup_20260301_120000');
    expect(await backupAt('2026-03-01T12:00:00.900Z')).toBe('db_backup_20260301_120001');
    expect(warnings).toEqual([]);
    await database.query('DELETE FROM deals');
    expect(await backupAt('2026-03-01T09:00:00Z')).toBe('db_backup_20260301_120002');
    expect(warnings).toEqual([expect.stringMatching(/^this clock is 10802 s behind the newest backup/)]);
    const restore = await respaldo(['restore', '--latest', '--force', '--dry-run'], environment);
    expect(restore.stdout).toContain('db_backup_20260301_120002');
    expect(restore.stdout).toContain('1,500 rows');

    // A backup from a wrong clock's far future is told, and not followed.
    expect(await backupAt('2030-01-01T00:00:00Z')).toBe('db_backup_20300101_000000');
    warnings.length = 0;
    expect(await backupAt('2026-03-02T12:00:00Z')).toBe('db_backup_20260302_120000');
    expect(warnings).toEqual([expect.stringContaining('there is a backup of 2030-01-01T00:00:00.000Z, in the future')]);
  });
});
