import { describe, expect, it } from 'vitest';
import { whatBecomes } from '../../../core/deployed/restore-words.js';

const backup = 'latest';
const crm = { kind: 'database', replaces: 'crm' } as const;
const folder = { kind: 'media', replaces: '/media' } as const;
const bucket = { kind: 'media', replaces: 's3://crm-media/uploads/' } as const;

describe('before a restore, a person reads what becomes of what is there', () => {
  it.each([
    { target: crm, request: {}, says: /^Replaces: "crm"\. .*kept under another name\.$/ },
    { target: folder, request: {}, says: /^Replaces: "\/media"\. .*kept under another name\.$/ },
    { target: crm, request: { inPlace: true }, says: /^Replaces: the contents of "crm", in one transaction\.$/ },
    { target: crm, request: { into: 'x' }, says: /^Makes: a new database "x"\. Replaces nothing\.$/ },
    {
      target: crm,
      request: { table: 'orders' },
      says: /named after the backup’s time from "orders".* Replaces nothing/,
    },
    { target: bucket, request: {}, says: /^Replaces: "s3:\/\/crm-media\/uploads\/"\. .*changed since are overwritten/ },
  ])('$request of $target.replaces', ({ target, request, says }) => {
    expect(whatBecomes({ backup, ...request }, target)).toMatch(says);
  });

  it('of objects nothing is kept, and it does not say so', () => {
    expect(whatBecomes({ backup }, bucket)).toContain('Nothing is kept beside');
    expect(whatBecomes({ backup }, bucket)).not.toContain('under another name');
  });
});
