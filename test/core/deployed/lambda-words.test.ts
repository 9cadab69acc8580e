import { expect, it } from 'vitest';
import { inLambdaWords } from '../../../core/deployed/lambda-words.js';

it.each([
  [
    'Give --into a new name; nothing is ever restored over it.',
    'Give "into" a new name; nothing is ever restored over it.',
  ],
  ['Give another name with --as NAME, or drop it.', 'Give another name with "as", or drop it.'],
  ['Restore it without --in-place, or with --into NAME.', 'Restore it without "inPlace": true, or with "into".'],
  [
    'Mend what the server says; --no-owner leaves owners out.',
    'Mend what the server says; "noOwner": true leaves owners out.',
  ],
  ['--table with --into is for parallel backups', '"table" with "into" is for parallel backups'],
  ['List what there is: respaldo list.', 'List what there is: restore, sent {}.'],
  [
    'Restore it with: respaldo restore crm/db_backup_20260115_030000.',
    'Restore it with: restore, sent { "backup": "crm/db_backup_20260115_030000" }.',
  ],
  ['Take one: respaldo backup --media. Or wait.', 'Take one: start-backup, sent { "kind": "media" }. Or wait.'],
  ['Raise "memory" of this target in cdk.json and deploy.', 'Raise "memory" of this target in cdk.json and deploy.'],
  [
    'Create the database, or correct the name in DATABASE_URL or PGDATABASE.',
    'Create the database, or correct the name in "name" in cdk.json.',
  ],
  ['The password is wrong: correct DATABASE_URL or PGPASSWORD.', 'The password is wrong: correct the secret.'],
  [
    'Run again when it is done, or wait longer with BACKUP_LOCK_TIMEOUT (seconds).',
    'Run again when it is done, or wait longer with "variables": { "BACKUP_LOCK_TIMEOUT": … } in cdk.json (seconds).',
  ],
  [
    'Make room, or do without it: BACKUP_FINGERPRINT=counts.',
    'Make room, or do without it: "variables": { "BACKUP_FINGERPRINT": "counts" } in cdk.json.',
  ],
  [
    'If you trust this dump: respaldo drill db_backup_20260115_030000 --as-superuser (BACKUP_DRILL_AS_SUPERUSER=true).',
    'If you trust this dump: "drill": { "asSuperuser": true } in cdk.json.',
  ],
  ['Or leave out what is not needed: --exclude-table.', 'Or leave out what is not needed: --exclude-table.'],
])('%s', (hint, said) => {
  expect(inLambdaWords(hint)).toBe(said);
});
