import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backupId,
  backupName,
  compressions,
  contents,
  encryptions,
  folderOf,
  kinds,
  parseBackupId,
  parseObjectName,
  stampOf,
  suffixOf,
  targetPattern,
  timeOfStamp,
  wrappingOf,
} from '../../core/archive-name.js';

const times = fc
  .date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000));

describe('names', () => {
  it('are as their users know them', () => {
    const noon = new Date('2024-01-15T12:00:00Z');
    expect(backupName('database', noon)).toBe('db_backup_20240115_120000');
    expect(backupName('media', noon)).toBe('media_backup_20240115_120000');
    expect(backupId('database', 'crm', noon)).toBe('crm/db_backup_20240115_120000');
    expect(folderOf('media', 'crm') + folderOf('media', '')).toBe('crm/media/media/');
  });

  it('give back what they were made of', () => {
    fc.assert(
      fc.property(times, fc.constantFrom(...kinds), fc.constantFrom('', 'crm', 'a-b_c'), (time, kind, target) => {
        expect(timeOfStamp(stampOf(time))).toEqual(time);
        const name = backupName(kind, time);
        expect(parseObjectName(`${name}.sql.gz`)).toEqual({ kind, time, name, rest: '.sql.gz' });
        expect(parseBackupId(backupId(kind, target, time), 'other')).toMatchObject({
          kind,
          time,
          target: target === '' ? 'other' : target,
        });
        expect(parseBackupId(`${folderOf(kind, target)}${name}.sql.gz`, '')).toMatchObject({ kind, time, target });
      }),
    );
  });

  it('sort as their times do', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        expect(backupName('media', a) < backupName('media', b)).toBe(a < b);
      }),
    );
  });

  it('every wrapping is told by its suffix', () => {
    for (const content of contents) {
      for (const compression of compressions) {
        for (const encryption of encryptions) {
          const wrapping = { content, compression, encryption };
          expect(wrappingOf(`db_backup_20240115_120000${suffixOf(wrapping)}`)).toEqual(wrapping);
        }
      }
    }
  });

  it.each(['', 'dump', 'sql', 'a.sql.bz2', 'a.gz', 'a.sql.gz.zip', 'a.sql.gpg.gz', 'a.sqlx', 'a.SQL'])(
    'no wrapping is read off "%s"',
    (name) => expect(wrappingOf(name)).toBeUndefined(),
  );

  it.each([
    '20240230_000000',
    '20230229_000000',
    '20241301_000000',
    '20240115_240000',
    '20240115_126000',
    '20240115_120060',
    '2024-01-15T120000',
    '20240115120000',
    ' 20240115_120000',
    '20240115_120000\n',
  ])('no time is read off "%s"', (stamp) => expect(timeOfStamp(stamp)).toBeUndefined());

  it.each([
    'xdb_backup_20240115_120000.sql',
    'db_backup_20240115_120000x.sql',
    'db_backup_20240115_1200000.sql',
    'db_backup_final.sql.gz',
    'DB_backup_20240115_120000.sql',
    'db_backup_20240115_120000.',
    'old/db_backup_20240115_120000.sql',
    '../db_backup_20240115_120000.sql',
  ])('"%s" is no name of ours', (name) => expect(parseObjectName(name)).toBeUndefined());

  it.each([
    'a/b/db_backup_20240115_120000',
    '../db_backup_20240115_120000',
    '/db_backup_20240115_120000',
    'CRM/db_backup_20240115_120000',
    'media/db_backup_20240115_120000/x',
  ])('"%s" is no id', (id) => expect(parseBackupId(id, '')).toBeUndefined());

  it('whatever is typed, nothing but an answer comes out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        parseObjectName(text);
        parseBackupId(text, '');
        wrappingOf(text);
        timeOfStamp(text);
      }),
    );
  });

  it.each([
    ['crm', true],
    ['crm-eu_2', true],
    ['a', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['database', false],
    ['media', false],
    ['databases', true],
    ['Crm', false],
    ['-crm', false],
    ['crm-', false],
    ['a/b', false],
    ['..', false],
    ['crm\n', false],
  ])('target "%s": %s', (name, fine) => expect(targetPattern.test(name)).toBe(fine));
});
