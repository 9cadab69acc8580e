import { describe, expect, it } from 'vitest';
import type { Kind } from '../../../core/archive-name.js';
import { drilledTargets, parseDrillRequest } from '../../../core/deployed/drill-request.js';

const event = (detail: object) => ({ source: 'respaldo', 'detail-type': 'Backup Completed', id: '1', detail });

describe('what start-drill is sent', () => {
  it.each([
    { sent: {}, read: undefined },
    { sent: { backup: 'latest' }, read: { kind: undefined, target: undefined, backup: undefined, run: undefined } },
    { sent: { target: 'crm' }, read: { kind: undefined, target: 'crm', backup: undefined, run: undefined } },
    { sent: { kind: 'media' }, read: { kind: 'media', target: undefined, backup: undefined, run: undefined } },
    {
      sent: { backup: 'crm/db_backup_20240115_120000' },
      read: { kind: 'database', target: 'crm', backup: 'crm/db_backup_20240115_120000', run: undefined },
    },
    {
      sent: { backup: 'db_backup_20240115_120000' },
      read: { kind: 'database', target: '', backup: 'db_backup_20240115_120000', run: undefined },
    },
    {
      sent: { backup: 'media_backup_20240115_120000', target: 'crm' },
      read: { kind: 'media', target: 'crm', backup: 'crm/media_backup_20240115_120000', run: undefined },
    },
    ...['db_backup_20240115_120000.sql.gz', 'db_backup_20240115_120000/', ' db_backup_20240115_120000 '].map(
      (backup) => ({
        sent: { backup },
        read: { kind: 'database' as const, target: '', backup: 'db_backup_20240115_120000', run: undefined },
      }),
    ),
    {
      sent: { schedule: 'arn', due: '2024' },
      read: { kind: undefined, target: undefined, backup: undefined, run: 'arn 2024' },
    },
    {
      sent: event({ kind: 'database', target: 'crm', backup: 'crm/db_backup_20240115_120000', bytes: 1 }),
      read: {
        kind: 'database',
        target: 'crm',
        backup: 'crm/db_backup_20240115_120000',
        run: 'after crm/db_backup_20240115_120000',
      },
    },
    {
      sent: event({ kind: 'media', target: '', backup: 'media_backup_20240115_120000', bytes: 1 }),
      read: {
        kind: 'media',
        target: '',
        backup: 'media_backup_20240115_120000',
        run: 'after media_backup_20240115_120000',
      },
    },
  ])('$sent', ({ sent, read }) => {
    expect(parseDrillRequest(sent)).toEqual(read);
  });

  it.each([
    { sent: null },
    { sent: 'latest' },
    { sent: { backup: 7 } },
    { sent: { kind: 'database', backup: 'media_backup_20240115_120000' } },
    { sent: { kind: 'full' } },
    { sent: { backup: 'db_backup_20240230_000000' } },
    { sent: { backup: '../../etc' } },
    { sent: { bakcup: 'latest' } },
    { sent: { source: 'aws.ecs', 'detail-type': 'Backup Completed', detail: {} } },
  ])('refuses $sent', ({ sent }) => {
    expect(() => parseDrillRequest(sent)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('latest') }),
    );
  });
});

describe('the targets that are drilled', () => {
  const targets = [
    { kind: 'database' as const, target: 'crm', replaces: 'crm', drilled: true },
    { kind: 'database' as const, target: 'shop', replaces: 'shop', drilled: true },
    { kind: 'media' as const, target: 'crm', replaces: '/media', drilled: true },
    { kind: 'media' as const, target: '', replaces: '/media' },
  ];
  const request = (target?: string, kind?: Kind) => ({ kind, target, backup: undefined, run: undefined });
  const named = (...asked: Parameters<typeof request>) =>
    drilledTargets(request(...asked), targets).map(({ kind, target }) => `${kind} ${target}`);

  it('are all, or the one that is named', () => {
    expect(named()).toEqual(['database crm', 'database shop', 'media crm']);
    expect(named('shop')).toEqual(['database shop']);
    expect(named('crm')).toEqual(['database crm', 'media crm']);
    expect(named('crm', 'media')).toEqual(['media crm']);
    expect(named(undefined, 'media')).toEqual(['media crm']);
  });

  it('are named where none fits', () => {
    expect(() => drilledTargets(request('hop'), targets)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'There are: database "crm", database "shop", media "crm".' }),
    );
    expect(() => drilledTargets(request(), [])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('afterBackup') }),
    );
  });
});
