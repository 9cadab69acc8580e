import { describe, expect, it } from 'vitest';
import { type ListedBackup, megabytes, renderBackupTable } from '../../core/backup-table.js';
import { catalogOf } from '../../core/catalog.js';

const rule = '-'.repeat(80);

function listed(base: string, rest: string, bytes: number, storages = ['local']): ListedBackup {
  const object = (key: string, size: number) => ({ key, bytes: size, modified: new Date(0) });
  const kind = base.includes('media_') ? 'media' : 'database';
  const target = base.startsWith('crm/') ? 'crm' : '';
  const objects = [object(`${base}${rest}`, bytes), object(`${base}.manifest.json`, 512)];
  const [backup] = catalogOf(objects, kind, target).backups;
  if (!backup) throw new Error(`${base} is no backup`);
  return { ...backup, storages };
}

describe('the list', () => {
  it('looks as its users know it', () => {
    const backup = listed('database/db_backup_20240115_120000', '.sql.gz', 47_521_464);
    expect(renderBackupTable([backup], false)).toBe(
      `Backups available (1):\n${rule}\nDATABASE | 2024-01-15 12:00 |    45.32 MB | db_backup_20240115_120000.sql.gz`,
    );
  });

  it('of nothing says so', () => {
    expect(renderBackupTable([], false)).toBe(`Backups available (0):\n${rule}`);
  });

  it('tells targets, storages, parallel backups and what drills found', () => {
    const backups = [
      { ...listed('crm/media/media_backup_20240115_120000', '.tar.zst', 0, ['s3']), verified: true },
      { ...listed('database/db_backup_20240114_000000', '/schema.dump.zst', 1_234_567_890_123), drillFailed: true },
    ];
    expect(renderBackupTable(backups, true).split('\n').slice(2)).toEqual([
      'MEDIA    | 2024-01-15 12:00 |     0.00 MB | crm/media_backup_20240115_120000.tar.zst | s3 | verified',
      'DATABASE | 2024-01-14 00:00 | 1177375.69 MB | db_backup_20240114_000000/ | local | DRILL FAILED',
    ]);
  });

  it.each([
    [0, '0.00'],
    [1, '0.00'],
    [5_243, '0.01'],
    [1_048_576, '1.00'],
    [47_521_464, '45.32'],
  ])('%s bytes are %s MB', (bytes, text) => expect(megabytes(bytes)).toBe(text));
});
