import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';

/** A key of one of the two kinds: what encrypts to it, and what decrypts with it. */
interface TestKey {
  readonly encrypt: Record<string, string>;
  readonly decrypt: Record<string, string>;
}

async function ageKey(): Promise<TestKey> {
  const file = join(await temporaryFolder(), 'identity.txt');
  await execa('age-keygen', ['-o', file]);
  const { stdout } = await execa('age-keygen', ['-y', file]);
  return { encrypt: { BACKUP_AGE_RECIPIENTS: stdout }, decrypt: { BACKUP_AGE_IDENTITY_FILE: file } };
}

async function gpgKey(): Promise<TestKey> {
  const home = join(await temporaryFolder(), 'gnupg');
  await mkdir(home, { mode: 0o700 });
  const env = { GNUPGHOME: home };
  await execa(
    'gpg',
    [
      '--batch',
      '--quiet',
      '--passphrase',
      '',
      '--quick-generate-key',
      'backup@example.com',
      'default',
      'default',
      'never',
    ],
    { env },
  );
  onTestFinished(async () => {
    await execa('gpgconf', ['--kill', 'all'], { env, reject: false });
  });
  const publicHome = join(await temporaryFolder(), 'gnupg');
  await mkdir(publicHome, { mode: 0o700 });
  const { stdout } = await execa('gpg', ['--armor', '--export'], { env });
  await execa('gpg', ['--batch', '--quiet', '--import'], { env: { GNUPGHOME: publicHome }, input: stdout });
  return { encrypt: { BACKUP_GPG_RECIPIENTS: 'backup@example.com', GNUPGHOME: publicHome }, decrypt: env };
}

describe.each([
  { method: 'age', makeKey: ageKey, otherKey: ageKey, suffix: 'sql.gz.age' },
  { method: 'gpg', makeKey: gpgKey, otherKey: gpgKey, suffix: 'sql.gz.gpg' },
])('$method', ({ makeKey, otherKey, suffix }) => {
  it('encrypts with the public key alone, and restores only where the secret key is', async () => {
    const key = await makeKey();
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const before = await contentsOf(database.name);
    const backup = await respaldo(['backup', '--database', '--json'], { ...env, ...key.encrypt });
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const [{ manifest }] = JSON.parse(backup.stdout);
    expect(manifest.files[0].key.endsWith(suffix)).toBe(true);
    expect(manifest.encryption.recipients).toHaveLength(1);
    expect(manifest.uncompressedBytes).toBeGreaterThan(manifest.files[0].bytes);

    for (const wrong of [{}, (await otherKey()).decrypt]) {
      const restore = await respaldo(['restore', '--latest', '--force'], {
        ...env,
        GNUPGHOME: await temporaryFolder(),
        ...wrong,
      });
      expect(restore.exitCode).toBe(2);
      expect(restore.stderr).toMatch(/ERROR KEY_MISSING: .*Nothing was downloaded/s);
      expect(restore.stderr).toContain(manifest.encryption.recipients[0]);
    }
    await database.query('DELETE FROM deals');
    const restore = await respaldo(['restore', '--latest', '--force'], { ...env, ...key.decrypt });
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
    // Whoever has no key can still see that the bytes are whole.
    expect(await respaldo(['verify', '--all'], env)).toMatchObject({ exitCode: 0 });
  });
});

it('a GnuPG key that nobody knows is named before anything is dumped', async () => {
  const database = await testDatabase(crmSample);
  const home = join(await temporaryFolder(), 'gnupg');
  await mkdir(home, { mode: 0o700 });
  const env = {
    DATABASE_URL: database.url,
    BACKUP_DIR: await temporaryFolder(),
    GNUPGHOME: home,
    BACKUP_GPG_RECIPIENTS: 'nobody@example.com',
  };
  const backup = await respaldo(['backup', '--database'], env);
  expect(backup.exitCode).toBe(2);
  expect(backup.stderr).toContain('ERROR KEY_MISSING: gpg knows no public key for "nobody@example.com"');
});

it('an identity file that is none is named', async () => {
  const key = await ageKey();
  const database = await testDatabase(crmSample);
  const folder = await temporaryFolder();
  const env = { DATABASE_URL: database.url, BACKUP_DIR: folder };
  await respaldo(['backup', '--database'], { ...env, ...key.encrypt });
  const file = join(folder, 'identity');
  for (const [content, says] of [
    ['nonsense', 'cannot be used'],
    [undefined, 'cannot be read'],
  ] as const) {
    if (content !== undefined) await writeFile(file, content);
    const restore = await respaldo(['restore', '--latest', '--force'], {
      ...env,
      BACKUP_AGE_IDENTITY_FILE: content === undefined ? `${file}-missing` : file,
    });
    expect(restore.exitCode).toBe(2);
    expect(restore.stderr).toMatch(
      new RegExp(`^ERROR KEY_MISSING: the identity file .* ${says}[^\n]*\nHINT: Set BACKUP_AGE_I`),
    );
  }
});
