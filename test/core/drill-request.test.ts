import { describe, expect, it } from 'vitest';
import { drilledTargets, parseDrillRequest } from '../../core/drill-request.js';

const event = (detail: object) => ({ source: 'respaldo', 'detail-type': 'Backup Completed', id: '1', detail });

describe('what start-drill is sent', () => {
  it.each([
    { sent: {}, read: undefined },
    { sent: { backup: 'latest' }, read: { target: undefined, backup: undefined, run: undefined } },
    { sent: { target: 'crm' }, read: { target: 'crm', backup: undefined, run: undefined } },
    {
      sent: { backup: 'crm/db_backup_20240115_120000' },
      read: { target: 'crm', backup: 'crm/db_backup_20240115_120000', run: undefined },
    },
    {
      sent: { backup: 'db_backup_20240115_120000' },
      read: { target: '', backup: 'db_backup_20240115_120000', run: undefined },
    },
    { sent: { schedule: 'arn', due: '2024' }, read: { target: undefined, backup: undefined, run: 'arn 2024' } },
    {
      sent: event({ kind: 'database', target: 'crm', backup: 'crm/db_backup_20240115_120000', bytes: 1 }),
      read: { target: 'crm', backup: 'crm/db_backup_20240115_120000', run: 'after crm/db_backup_20240115_120000' },
    },
  ])('$sent', ({ sent, read }) => {
    expect(parseDrillRequest(sent)).toEqual(read);
  });

  it.each([
    { sent: null },
    { sent: 'latest' },
    { sent: { backup: 7 } },
    { sent: { backup: 'media_backup_20240115_120000' } },
    { sent: { backup: 'db_backup_20240115_120000.sql.gz' } },
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
    { kind: 'media' as const, target: 'crm', replaces: '/media' },
  ];
  const request = (target?: string) => ({ target, backup: undefined, run: undefined });

  it('are all, or the one that is named', () => {
    expect(drilledTargets(request(), targets).map(({ target }) => target)).toEqual(['crm', 'shop']);
    expect(drilledTargets(request('shop'), targets).map(({ target }) => target)).toEqual(['shop']);
  });

  it('are named where none fits', () => {
    expect(() => drilledTargets(request('hop'), targets)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'There are: "crm", "shop".' }),
    );
    expect(() => drilledTargets(request(), [])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('afterBackup') }),
    );
  });
});
