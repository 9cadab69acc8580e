import { expect, it } from 'vitest';
import { formatForSize } from '../../../core/postgres/dump-format.js';
import { respaldo } from '../../support/cli.js';
import { temporaryFolder } from '../../support/folders.js';
import { crmSample, testDatabase } from '../../support/postgres.js';

it.each([
  { bytes: 0, format: 'custom' },
  { bytes: 1024 ** 3, format: 'custom' },
  { bytes: 1024 ** 3 + 1, format: 'parallel' },
])('$bytes bytes are dumped as $format', ({ bytes, format }) => {
  expect(formatForSize(bytes)).toBe(format);
});

it('auto takes a small database in the custom format, compressed with zstd', { timeout: 120_000 }, async () => {
  const database = await testDatabase(crmSample);
  const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), BACKUP_FORMAT: 'auto' };
  expect(await respaldo(['backup', '--database'], env)).toMatchObject({ exitCode: 0 });
  expect((await respaldo(['list'], env)).stdout).toMatch(/db_backup_\d{8}_\d{6}\.dump\.zst$/m);
  const refused = await respaldo(['backup', '--database', '--no-compress'], env);
  expect(refused).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(
      '--no-compress and BACKUP_FORMAT=auto do not go together: it is always compressed with zstd',
    ),
  });
});
