import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../core/errors.js';
import { readSettings } from '../../core/read-settings.js';
import { settingsSchema } from '../../core/settings.js';

describe('settings', () => {
  it('of an empty environment are the defaults, and empty variables count as unset', () => {
    const defaults = readSettings({});
    expect(defaults).toMatchObject({ BACKUP_DIR: '/backups', BACKUP_STORAGE: 'local', BACKUP_COMPRESSION: 'gzip' });
    const empty = Object.fromEntries(Object.keys(settingsSchema.shape).map((name) => [name, ' ']));
    expect(readSettings(empty)).toEqual(defaults);
  });

  it('are wrong all at once, each by its name, secrets hidden', () => {
    const wrong = {
      BACKUP_TARGET: 'Media!',
      BACKUP_STORAGE: 'cloud',
      BACKUP_RETENTION_DAYS: '-1',
      BACKUP_KEEP: 'daily',
      BACKUP_COMPRESSION: 'rar',
      BACKUP_S3_TIMEOUT: '0',
      AWS_ENDPOINT_URL: 'ftp://x',
      AWS_S3_BUCKET_NAME: 'No Bucket',
      SENTRY_DSN: 'canary',
      BACKUP_LOG: 'xml',
    };
    expect(() => readSettings(wrong)).toThrow(
      expect.objectContaining({
        code: 'SETTINGS_INVALID',
        exitCode: 2,
        message: expect.stringMatching(/^10 settings are wrong:\n/),
      }),
    );
    try {
      readSettings(wrong);
    } catch (error) {
      const { message } = error as OperatorError;
      for (const [name, value] of Object.entries(wrong)) {
        expect(message).toContain(`\n  ${name}=${name === 'SENTRY_DSN' ? '(hidden)' : JSON.stringify(value)}: `);
      }
      expect(message).not.toContain('canary');
    }
  });

  it.each([
    [{ BACKUP_STORAGE: 's3' }, 'BACKUP_STORAGE=s3: needs AWS_S3_BUCKET_NAME'],
    [{ BACKUP_STORAGE: 'both' }, 'BACKUP_STORAGE=both: needs AWS_S3_BUCKET_NAME'],
    [{ BACKUP_AGE_RECIPIENTS: 'age1x', BACKUP_GPG_RECIPIENTS: 'me' }, 'set one of the two'],
    [{ BACKUP_COMPRESSION_LEVEL: '12' }, 'gzip has levels 1 to 9'],
    [{ BACKUP_S3_KMS_KEY_ID: 'key' }, 'needs BACKUP_S3_SSE=aws:kms'],
    [{ BACKUP_DATABASE_IAM_AUTH: 'true', BACKUP_DATABASE_SECRET_ARN: 'arn' }, 'set one of the two'],
  ])('%j contradict', (environment, says) => {
    expect(() => readSettings(environment as Record<string, string>)).toThrow(says);
  });

  it.each([
    [{ BACKUP_S3_PREFIX: 'a/b' }, { BACKUP_S3_PREFIX: 'a/b/' }],
    [{ BACKUP_MEDIA_EXCLUDE: '*.tmp, cache' }, { BACKUP_MEDIA_EXCLUDE: ['*.tmp', 'cache'] }],
    [{ BACKUP_MEDIA_EXCLUDE: 'old pictures/*,\n#recycle\n' }, { BACKUP_MEDIA_EXCLUDE: ['old pictures/*', '#recycle'] }],
    [
      { BACKUP_AGE_RECIPIENTS: 'age1abc, ssh-ed25519 AAAA me@x' },
      { BACKUP_AGE_RECIPIENTS: ['age1abc', 'ssh-ed25519 AAAA me@x'] },
    ],
    [{ BACKUP_COMPRESSION: 'zstd', BACKUP_COMPRESSION_LEVEL: '19' }, { BACKUP_COMPRESSION_LEVEL: 19 }],
  ])('%j are read as %j', (environment, settings) => {
    expect(readSettings(environment as Record<string, string>)).toMatchObject(settings);
  });

  it('whatever the environment holds, nothing but an OperatorError comes out', () => {
    const names = fc.constantFrom(...Object.keys(settingsSchema.shape));
    fc.assert(
      fc.property(fc.dictionary(names, fc.string({ unit: 'binary' })), (environment) => {
        try {
          readSettings(environment);
        } catch (error) {
          expect(error).toBeInstanceOf(OperatorError);
        }
      }),
    );
  });
});
