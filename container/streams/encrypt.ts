import { readFile } from 'node:fs/promises';
import type { Encryption } from '../../core/archive-name.js';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { Manifest } from '../../core/manifest.js';
import type { Settings } from '../../core/settings.js';
import { type Command, childEnvironment } from './command.js';
import { findProgram } from './programs.js';

export interface Encryptor {
  readonly method: Exclude<Encryption, 'none'>;
  /** Public keys or fingerprints; they stand in the manifest, so that a missing key is told before a download. */
  readonly recipients: readonly string[];
  readonly command: Command;
}

/**
 * The program that encrypts by the settings, or undefined where they ask for none.
 *
 * @throws OperatorError PROGRAM_MISSING or KEY_MISSING (GnuPG does not know a recipient)
 */
export async function encryptor(settings: Settings): Promise<Encryptor | undefined> {
  const age = settings.BACKUP_AGE_RECIPIENTS;
  if (age.length > 0) {
    const file = await program('age');
    const args = ['--encrypt', ...age.flatMap((recipient) => ['--recipient', recipient])];
    return { method: 'age', recipients: age, command: { name: 'age', file, args, explain: unknownRecipient } };
  }
  const gpg = settings.BACKUP_GPG_RECIPIENTS;
  if (gpg.length === 0) return undefined;
  const file = await program('gpg');
  const recipients = await Promise.all(gpg.map((recipient) => fingerprint(file, recipient)));
  const args = [
    ...['--batch', '--quiet', '--no-tty', '--trust-model', 'always', '--compress-algo', 'none', '--encrypt'],
    ...recipients.flatMap((recipient) => ['--recipient', recipient]),
  ];
  return { method: 'gpg', recipients, command: { name: 'gpg', file, args, env: gnupgHome() } };
}

/**
 * The program that decrypts an archive. Whether the key is here is found out first, from the manifest's recipients.
 *
 * @throws OperatorError PROGRAM_MISSING or KEY_MISSING
 */
export async function decryptor(
  method: Exclude<Encryption, 'none'>,
  recipients: Manifest['encryption']['recipients'],
  settings: Settings,
): Promise<Command> {
  return method === 'age' ? ageDecryptor(recipients, settings) : gpgDecryptor(recipients);
}

async function ageDecryptor(recipients: readonly string[] | undefined, settings: Settings): Promise<Command> {
  const file = await program('age');
  const identity = settings.BACKUP_AGE_IDENTITY_FILE;
  if (!identity) {
    throw keyMissing('age', 'the archive is encrypted with age and BACKUP_AGE_IDENTITY_FILE is not set', recipients);
  }
  const keys = await agePublicKeys(identity);
  if (recipients && keys && !keys.some((key) => recipients.includes(key))) {
    throw keyMissing('age', `the identity in ${identity} cannot decrypt this archive`, recipients);
  }
  return { name: 'age', file, args: ['--decrypt', '--identity', identity], explain: cannotDecrypt('age') };
}

/** The public keys of an identity file; undefined for an SSH key, whose recipients only age itself can match. */
async function agePublicKeys(identity: string): Promise<string[] | undefined> {
  let text: string;
  try {
    text = await readFile(identity, 'utf8');
  } catch (cause) {
    throw keyMissing('age', `the identity file ${identity} cannot be read: ${messageOf(cause)}`, undefined);
  }
  if (text.includes('OPENSSH PRIVATE KEY')) return undefined;
  const keygen = await program('age-keygen', 'age');
  const { stdout, failed, stderr } = await ask(keygen, ['-y', identity]);
  if (failed) {
    const [said = ''] = stderr.trim().split('\n'); // the next line asks for a report to age's authors
    throw keyMissing('age', `the identity file ${identity} cannot be used: ${said}`, undefined);
  }
  return stdout.split('\n').filter(Boolean);
}

async function gpgDecryptor(recipients: readonly string[] | undefined): Promise<Command> {
  const file = await program('gpg');
  if (recipients) {
    const known = await Promise.all(recipients.map((recipient) => hasSecretKey(file, recipient)));
    if (!known.some(Boolean)) throw keyMissing('gpg', 'the key ring has no secret key for this archive', recipients);
  }
  const args = ['--batch', '--quiet', '--no-tty', '--decrypt'];
  return { name: 'gpg', file, args, env: gnupgHome(), explain: cannotDecrypt('gpg') };
}

async function fingerprint(gpg: string, recipient: string): Promise<string> {
  const { stdout, failed } = await askGpg(gpg, ['--list-keys', recipient]);
  const found = /^fpr:(?:[^:]*:){8}([0-9A-F]+):/m.exec(stdout)?.[1];
  if (!failed && found) return found;
  throw new OperatorError(
    'KEY_MISSING',
    `gpg knows no public key for "${recipient}"`,
    'Import it (gpg --import FILE) into the key ring of the user who runs respaldo, or correct BACKUP_GPG_RECIPIENTS.',
  );
}

async function hasSecretKey(gpg: string, recipient: string): Promise<boolean> {
  return !(await askGpg(gpg, ['--list-secret-keys', recipient])).failed;
}

function askGpg(gpg: string, args: readonly string[]) {
  return ask(gpg, ['--batch', '--with-colons', ...args], gnupgHome());
}

async function ask(file: string, args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const { execa } = await import('execa'); // which most runs, and each thread of theirs, have no need of
  return execa(file, args, { reject: false, env: childEnvironment(variables), extendEnv: false });
}

function gnupgHome(): Record<string, string> {
  return process.env.GNUPGHOME ? { GNUPGHOME: process.env.GNUPGHOME } : {};
}

async function program(name: string, apt = name === 'gpg' ? 'gnupg' : name): Promise<string> {
  const file = await findProgram(name);
  if (file) return file;
  throw new OperatorError('PROGRAM_MISSING', `${name} is not installed`, `Install it: apt-get install ${apt}.`);
}

const keyHints = {
  age: 'Set BACKUP_AGE_IDENTITY_FILE to the file with the secret key, as age-keygen has written it. Nothing was downloaded.',
  gpg: 'Import the secret key into the key ring of the user who runs respaldo: gpg --import FILE. Nothing was downloaded.',
};

function keyMissing(
  method: Exclude<Encryption, 'none'>,
  what: string,
  recipients: readonly string[] | undefined,
): OperatorError {
  const whose = recipients ? `; it was encrypted to ${recipients.join(', ')}` : '';
  return new OperatorError('KEY_MISSING', `${what}${whose}`, keyHints[method]);
}

function unknownRecipient(stderr: string): OperatorError | undefined {
  const said = /(?:malformed recipient|unknown recipient type:?|invalid recipient)[^\n]*/.exec(stderr)?.[0];
  if (said === undefined) return undefined;
  return new OperatorError(
    'KEY_MISSING',
    `age cannot encrypt to what BACKUP_AGE_RECIPIENTS names: ${said}`,
    'Name public keys, as age-keygen prints them: age1…, or ssh-ed25519 …. Nothing was stored.',
  );
}

function cannotDecrypt(method: Exclude<Encryption, 'none'>): (stderr: string) => OperatorError {
  return (stderr) => {
    const said = stderr.trim().split('\n').at(-1) ?? '';
    if (/no identity matched|no secret key|decryption failed: No/i.test(stderr))
      return keyMissing(method, said, undefined);
    return new OperatorError(
      'ARCHIVE_CORRUPT',
      `the archive cannot be decrypted: ${said}`,
      'The archive is damaged or cut short. Use another backup: respaldo list.',
    );
  };
}
