import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogOf } from '../../core/catalog.js';
import type { StoredObject } from '../../core/storage.js';
import { madeBackup } from '../support/catalog.js';

const stored = (key: string, bytes = 512): StoredObject => ({ key, bytes, modified: new Date(0) });

function objectsOf(day: number, kind: 'database' | 'media' = 'database', target = ''): StoredObject[] {
  const files = madeBackup({ time: new Date(Date.UTC(2026, 0, day)), kind, target });
  return Object.entries(files).map(([key, bytes]) => stored(key, bytes.length));
}

describe('a listing', () => {
  it('becomes backups, newest first', () => {
    const { backups, unvouched, unknown } = catalogOf(
      [...objectsOf(1), ...objectsOf(3), ...objectsOf(2)],
      'database',
      '',
    );
    expect(backups.map(({ id }) => id)).toEqual([
      'db_backup_20260103_000000',
      'db_backup_20260102_000000',
      'db_backup_20260101_000000',
    ]);
    expect([...unvouched, ...unknown]).toEqual([]);
  });

  it.each([
    { name: 'without a manifest', objects: [stored('database/db_backup_20260101_000000.sql.gz')], unvouched: 1 },
    {
      name: 'with a manifest alone',
      objects: [stored('database/db_backup_20260101_000000.manifest.json')],
      unvouched: 1,
    },
    {
      name: 'with an empty manifest',
      objects: [
        stored('database/db_backup_20260101_000000.sql.gz'),
        stored('database/db_backup_20260101_000000.manifest.json', 0),
      ],
      unvouched: 2,
    },
    {
      name: 'with a manifest that was cut short',
      objects: [
        stored('database/db_backup_20260101_000000.sql.gz'),
        stored('database/db_backup_20260101_000000.manifest.json', 511),
      ],
      unvouched: 2,
    },
  ])('an archive $name is no backup', ({ objects, unvouched }) => {
    const catalog = catalogOf(objects, 'database', '');
    expect(catalog.backups).toEqual([]);
    expect(catalog.unvouched).toHaveLength(unvouched);
  });

  it('counts all files of a backup, and keeps records apart', () => {
    const base = 'database/db_backup_20260101_000000';
    const { backups } = catalogOf(
      [
        stored(`${base}.manifest.json`),
        stored(`${base}.verified.json`, 100),
        stored(`${base}/part-1.zst`, 1000),
        stored(`${base}/part-2.zst`, 2000),
        stored(`${base}.globals.sql.gz`, 30),
      ],
      'database',
      '',
    );
    expect(backups).toMatchObject([{ bytes: 3030, verified: true, target: '', kind: 'database' }]);
  });

  it('another kind, another target and strangers are nobody’s business', () => {
    const others = [
      ...objectsOf(1, 'media'),
      ...objectsOf(1, 'database', 'crm'),
      stored('database/notes.txt'),
      stored('database/old/db_backup_20260101_000000.sql'),
    ];
    const catalog = catalogOf([...others, ...objectsOf(2)], 'database', '');
    expect(catalog.backups).toHaveLength(1);
    expect(catalog.unknown).toEqual(others);
    expect(catalogOf(objectsOf(1, 'database', 'crm'), 'database', 'crm').backups).toMatchObject([
      { id: 'crm/db_backup_20260101_000000', target: 'crm' },
    ]);
  });

  it('loses no object and counts none twice, whatever lies there', () => {
    const names = fc.oneof(
      fc.constantFrom(...objectsOf(1).map(({ key }) => key), ...objectsOf(2, 'media').map(({ key }) => key)),
      fc.string().map((name) => `database/${name}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.uniqueArray(names), fc.integer({ min: 0, max: 1024 }), (keys, bytes) => {
        const catalog = catalogOf(
          keys.map((key) => stored(key, bytes)),
          'database',
          '',
        );
        const found = [
          ...catalog.backups.flatMap(({ files, records, manifestKey }) => [
            ...[...files, ...records].map(({ key }) => key),
            manifestKey,
          ]),
          ...[...catalog.unvouched, ...catalog.unknown].map(({ key }) => key),
        ];
        expect(found.sort()).toEqual([...keys].sort());
      }),
    );
  });
});
