import { describe, expect, it } from 'vitest';
import type { Backup } from '../../../core/catalog.js';
import type { DeployedTarget } from '../../../core/deployed/deployment.js';
import {
  confirmation,
  isConfirmed,
  parseRestoreRequest,
  restoreCommand,
} from '../../../core/deployed/restore-request.js';
import { chooseBackup, restoreTarget } from '../../../core/deployed/restore-target.js';
import { parseStartRequest, requestedTargets } from '../../../core/deployed/start-request.js';

const crm: DeployedTarget = { kind: 'database', target: 'crm', replaces: 'crm_production' };
const shop: DeployedTarget = { kind: 'database', target: 'shop', replaces: 'shop' };
const media: DeployedTarget = { kind: 'media', target: '', replaces: 's3://crm-media/uploads/' };
const backup: Backup = {
  ...{ id: 'crm/db_backup_20260115_030000', kind: 'database', target: 'crm', time: new Date('2026-01-15T03:00:00Z') },
  ...{
    files: [],
    records: [],
    bytes: 1,
    manifestKey: 'crm/database/db_backup_20260115_030000.manifest.json',
    verified: false,
    drillFailed: false,
  },
};

describe('start-backup is asked for', () => {
  it.each([
    { event: { kind: 'full' }, starts: ['crm', 'shop', ''] },
    { event: { kind: 'database' }, starts: ['crm', 'shop'] },
    { event: { kind: 'database', target: 'shop' }, starts: ['shop'] },
    { event: { kind: 'media', schedule: 'arn', due: '2026-01-15T03:00:00Z' }, starts: [''] },
  ])('$event', ({ event, starts }) => {
    const request = parseStartRequest(event);
    expect(request && requestedTargets(request, [crm, shop, media]).map(({ target }) => target)).toEqual(starts);
  });

  it.each([
    {
      event: { kind: 'everything' },
      says: /start-backup was sent something else than it knows: "kind" must be one of/,
    },
    { event: { kind: 'database', name: 'crm' }, says: /there is no "name", only "kind", "target"$/ },
    { event: 'database', says: /something else/ },
    { event: null, says: /null is no object in \{ \}$/ },
    { event: { kind: 'full', schedule: 'arn' }, says: /"schedule" and "due" go together/ },
  ])('$event is refused', ({ event, says }) => {
    expect(() => parseStartRequest(event)).toThrow(says);
  });

  it('a target that there is not is refused with those there are', () => {
    expect(() => requestedTargets({ kind: 'media', target: 'crm' }, [crm, media])).toThrow(
      /nothing of kind media and target "crm"/,
    );
  });
});

describe('restore is asked for', () => {
  it.each([
    { request: { backup: 'latest' }, targets: [crm], found: crm },
    { request: { backup: 'latest' }, targets: [crm, media], found: crm },
    { request: { backup: 'latest', kind: 'media' as const }, targets: [crm, media], found: media },
    { request: { backup: 'latest', target: 'shop' }, targets: [crm, shop], found: shop },
    { request: { backup: 'shop/db_backup_20260115_030000' }, targets: [crm, shop], found: shop },
    { request: { backup: 'media_backup_20260115_040000' }, targets: [crm, media], found: media },
  ])('$request', ({ request, targets, found }) => {
    expect(restoreTarget(request, targets)).toBe(found);
  });

  it.each([
    { request: { backup: 'latest' }, says: /there are 2 database targets here/ },
    { request: { backup: 'yesterday' }, says: /"yesterday" is no backup’s id/ },
    { request: { backup: 'latest', target: 'x' }, says: /there is no database target "x" here/ },
    {
      request: { backup: 'db_backup_20260115_030000' },
      says: /"db_backup_20260115_030000" does not say of which database/,
    },
    { request: { backup: 'latest', kind: 'media' as const }, says: /no media is backed up here/ },
    {
      request: { backup: 'crm/db_backup_20260115_030000', target: 'shop' },
      says: /is of target "crm", and "target" says "shop"/,
    },
    {
      request: { backup: 'crm/db_backup_20260115_030000', kind: 'media' as const },
      says: /is of kind "database", and "kind" says "media"/,
    },
  ])('$request is refused', ({ request, says }) => {
    expect(() => restoreTarget(request, [crm, shop])).toThrow(says);
  });

  it.each([
    { event: { backup: 'latest', force: true } },
    { event: { confirm: 'crm' } },
    { event: 'latest' },
    { event: { backup: '' } },
    { event: { backup: 5 } },
    { event: { backup: 'latest', confirm: 5 } },
    { event: { backup: 'latest', dryRun: 'true' } },
    { event: 7 },
  ])('$event is refused', ({ event }) => {
    expect(() => parseRestoreRequest(event)).toThrow(/restore was sent something else than it knows/);
  });

  it.each(['latest', ' latest', 'crm/db_backup_20260115_030000/', 'crm/db_backup_20260115_030000.dump.gz '])(
    '"%s" is taken as it was copied',
    (copied) => {
      const request = parseRestoreRequest({ backup: copied, confirm: ' crm' });
      expect(request?.confirm).toBe(' crm');
      expect(request && restoreTarget(request, [crm, media])).toBe(crm);
      expect(request && chooseBackup(request, { backups: [backup], unvouched: [] }, crm)).toBe(backup);
    },
  );

  it('what looks like an id and is no date is sent to the list', () => {
    expect(() => restoreTarget({ backup: 'db_backup_20240230_000000' }, [crm])).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^Send \{\} for the list/) }),
    );
  });

  it.each([{ event: {} }, { event: null }])('$event asks for help', ({ event }) => {
    expect(parseRestoreRequest(event)).toBeUndefined();
  });

  it('an id that is not there is no such backup', () => {
    const catalog = { backups: [backup], unvouched: [] };
    expect(() => chooseBackup({ backup: 'crm/db_backup_20250101_000000' }, catalog, crm)).toThrow('there is no backup');
    expect(() => chooseBackup({ backup: 'latest' }, { ...catalog, backups: [] }, crm)).toThrow(
      'there is no database backup yet',
    );
    expect(chooseBackup({ backup: 'db_backup_20260115_030000' }, catalog, crm)).toBe(backup);
  });

  it('where only parts of backups are left, it says so', () => {
    const unvouched = [{ key: 'crm/database/db_backup_20250101_000000.dump', bytes: 1, modified: new Date(0) }];
    expect(() => chooseBackup({ backup: 'latest' }, { backups: [], unvouched }, crm)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/1 object there, named like backups/) }),
    );
  });

  it.each([
    's3://vault/backups/database/db_backup_20260115_030000.dump.gz',
    'backups/crm/database/db_backup_20260115_030000',
  ])('the id within %s is named', (text) => {
    expect(() => restoreTarget({ backup: text }, [crm])).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^Send the id alone, "db_backup_20260115_030000"/) }),
    );
  });

  it.each([
    { name: 'nothing confirmed', request: {}, confirmed: false },
    { name: 'the target’s name instead of the database’s', request: { confirm: 'crm' }, confirmed: false },
    { name: 'the database’s name', request: { confirm: 'crm_production' }, confirmed: true },
    {
      name: 'the database’s name in a dry run',
      request: { confirm: 'crm_production', dryRun: true },
      confirmed: false,
    },
    { name: 'into a new database', request: { into: 'look_at_it' }, confirmed: true },
    { name: 'a table beside the present one', request: { table: 'public.orders' }, confirmed: true },
    { name: 'a table, dry', request: { table: 'public.orders', as: 'x', dryRun: true }, confirmed: false },
    { name: 'into a new database, dry', request: { into: 'look_at_it', dryRun: true }, confirmed: false },
  ])('$name: confirmed $confirmed', ({ request, confirmed }) => {
    expect(isConfirmed({ backup: 'latest', ...request }, crm)).toBe(confirmed);
  });

  it('the plan’s next request carries it out, on the very backup that the plan showed', () => {
    const next = confirmation({ backup: 'latest', dryRun: true }, backup, crm);
    expect(next).toEqual({ backup: backup.id, confirm: 'crm_production' });
    expect(isConfirmed(next, crm)).toBe(true);
  });

  it('a table needs no confirmation, because nothing is replaced', () => {
    const next = confirmation({ backup: 'latest', table: 'public.orders', dryRun: true }, backup, crm);
    expect(next).toEqual({ backup: backup.id, table: 'public.orders' });
    expect(isConfirmed(next, crm)).toBe(true);
  });

  it.each([
    { request: {}, command: ['restore', '--force', backup.id] },
    {
      request: { table: 'public.a b', as: '--force' },
      command: ['restore', '--table=public.a b', '--as=--force', '--force', backup.id],
    },
    { request: { table: 't', into: 'x' }, command: ['restore', '--into=x', '--table=t', '--force', backup.id] },
    { request: { into: 'x' }, command: ['restore', '--into=x', '--force', backup.id] },
    {
      request: { inPlace: true, noOwner: true },
      command: ['restore', '--in-place', '--no-owner', '--force', backup.id],
    },
  ])('$request becomes $command', ({ request, command }) => {
    expect(restoreCommand({ backup: backup.id, ...request }, backup, crm)).toEqual(command);
  });

  it.each([
    { request: { into: 'x', inPlace: true }, says: '"into" makes a new database, and "inPlace" replaces one' },
    { request: { into: 'crm_production' }, says: '"crm_production" is the database that is there' },
  ])('$request contradicts itself', ({ request, says }) => {
    expect(() => restoreCommand({ backup: backup.id, ...request }, backup, crm)).toThrow(says);
  });

  it.each([{ into: 'y' }, { table: 't' }, { as: 'x' }])('media know no database’s options: %o', (options) => {
    expect(() => restoreCommand({ backup: 'x', ...options }, { ...backup, kind: 'media' }, media)).toThrow(
      'are for databases',
    );
  });

  it.each([{ as: 'x' }, { table: 't', inPlace: true }, { table: 't', as: 'x', into: 'y' }])(
    '%o contradicts itself',
    (options) => {
      expect(() => restoreCommand({ backup: 'x', ...options }, backup, crm)).toThrow(/Send|"as" is the name/);
    },
  );
});
