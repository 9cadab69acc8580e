import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, query, serverUrl, testDatabase } from '../support/postgres.js';
import { s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const timeout = 180_000;

describe('doctor', { timeout }, () => {
  it('finds everything well, and leaves nothing behind', async () => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const { exitCode, stdout, stderr } = await respaldo(['doctor'], env);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/(?:Everything that is needed works|Nothing failed; .* to look at)\.$/);
    const findings = JSON.parse((await respaldo(['doctor', '--json'], env)).stdout);
    expect(findings.length).toBeGreaterThan(10);
    for (const finding of findings)
      expect(finding).toMatchObject({ what: expect.any(String), text: expect.any(String) });
  });

  it('names each thing that is wrong with what mends it, and goes on to the next', async () => {
    const database = await testDatabase(crmSample);
    const role = `${database.name}_reader`;
    await query('postgres', `CREATE ROLE ${role} LOGIN`);
    onTestFinished(async () => {
      await query('postgres', `DROP ROLE ${role}`);
    });
    const blocked = join(await temporaryFolder(), 'a-file');
    await writeFile(blocked, '');
    const { exitCode, stdout } = await respaldo(['doctor'], {
      DATABASE_URL: serverUrl(database.name, role),
      BACKUP_DIR: blocked,
      BACKUP_GPG_RECIPIENTS: 'nobody@nowhere.invalid',
    });
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^FAIL \| database readable: .*\n(?: {2}\w.*\n)+ +fix: .*GRANT pg_read_all_data/m);
    expect(stdout).toMatch(
      /^WARN \| restore possible: .* may not create databases.*\n +fix: As a superuser or .*: ALTER ROLE .* CREATEDB;$/m,
    );
    expect(stdout).toMatch(/^FAIL \| .*a-file: write: .*\n +fix: .*correct BACKUP_DIR/m);
    expect(stdout).toMatch(/^FAIL \| encryption: .*nobody@nowhere\.invalid.*\n +fix: /m);
    expect(stdout).toMatch(/\d+ of \d+ checks failed\.$/);
    expect(stdout.match(/^ +fix: .{10}/gm)?.length).toBe(stdout.match(/^(?:FAIL|WARN) /gm)?.length);
  });

  it('writes into the temporary folder, to see whether it can', async () => {
    // Where nobody can make a folder, not even root.
    const env = { BACKUP_DIR: await temporaryFolder(), TMPDIR: '/proc' };
    const { exitCode, stdout } = await respaldo(['doctor'], env);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(
      /^FAIL \| temporary folder: \/proc cannot be written to: .*\n +fix: Set TMPDIR to a folder that/m,
    );
    const mended = await respaldo(['doctor'], { ...env, TMPDIR: env.BACKUP_DIR });
    expect(mended.stdout).toContain(`OK   | temporary folder: ${env.BACKUP_DIR} can be written to`);
    expect(await readdir(env.BACKUP_DIR)).toEqual([]);
  });

  it('encrypts something, to see whether it can', async () => {
    const { exitCode, stdout } = await respaldo(['doctor'], {
      BACKUP_DIR: await temporaryFolder(),
      BACKUP_AGE_RECIPIENTS: 'age1xyz',
    });
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(
      /^FAIL \| encryption: age cannot encrypt to .*malformed recipient.*\n +fix: Name public keys/m,
    );
  });

  it('says that there is something to look at where nothing failed', async () => {
    const { exitCode, stdout } = await respaldo(['doctor'], { BACKUP_DIR: await temporaryFolder() });
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toMatch(/^WARN \| database: no database is named$/m);
    expect(stdout).toMatch(/\nNothing failed; (?:one warning says|\d warnings say) what to look at\.$/);
  });

  it('names a server that is not there', async () => {
    const { exitCode, stdout } = await respaldo(['doctor'], {
      DATABASE_URL: 'postgresql://me@127.0.0.1:1/crm',
      BACKUP_DIR: await temporaryFolder(),
    });
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /^FAIL \| database reachable: .*127\.0\.0\.1:1.*\n +fix: Nothing listens there: start PostgreSQL/m,
    );
    expect(stdout.match(/^WARN \| .*: not tried, because the database was not reached$/gm)).toHaveLength(4);
    expect(stdout).toMatch(/\n1 of \d+ checks failed\.$/);
  });

  it.skipIf(s3Endpoint() === null).each([
    { operation: 'PutObject', row: 'write \\(s3:PutObject\\)' },
    { operation: 'GetObject', row: 'read \\(s3:GetObject\\)' },
    { operation: 'DeleteObjects', row: 'remove \\(s3:DeleteObject\\)' },
    { operation: 'ListObjectsV2', row: 'list \\(s3:ListBucket\\)' },
    { operation: 'ListMultipartUploads', row: 'clear unfinished uploads \\(.*\\)' },
  ])('names the permission that is missing: $operation', async ({ operation, row }) => {
    const bucket = await testBucket();
    const proxy = await s3Proxy(s3Endpoint() ?? '');
    proxy.fail((call) => (call.operation === operation ? { answer: 403, code: 'AccessDenied' } : undefined));
    const env = { ...bucket.env, AWS_ENDPOINT_URL: proxy.endpoint, BACKUP_STORAGE: 's3' };
    const { exitCode, stdout } = await respaldo(['doctor'], env);
    expect(exitCode, stdout).toBe(4);
    expect(stdout).toMatch(new RegExp(`^FAIL \\| s3:.*: ${row}: .*AccessDenied.*\\n +fix: `, 'm'));
  });
});
