import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backupMedia } from '../../container/backup-media.js';
import { wire } from '../../container/wire.js';
import { silentLog, silentProgress } from '../../core/log.js';
import { first } from '../support/faults.js';
import { temporaryFolder } from '../support/folders.js';
import { s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const moto = s3Endpoint() ?? '';

describe.skipIf(moto === '')('two runs of one name', () => {
  it('of which the second fails leave the first one’s backup alone, though the second may remove', async () => {
    const bucket = await testBucket();
    const proxy = await s3Proxy(moto);
    // The SDK reads credentials from the process' own environment.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    const warnings: string[] = [];
    const host = async (content: string) => {
      const root = join(await temporaryFolder(), 'media');
      await mkdir(root);
      await writeFile(join(root, 'file'), content);
      const run = await wire({
        environment: {
          ...{ ...bucket.env, AWS_ENDPOINT_URL: proxy.endpoint, BACKUP_STORAGE: 's3' },
          ...{ MEDIA_ROOT: root, BACKUP_FINGERPRINT: 'counts' },
        },
        signal: new AbortController().signal,
        log: { ...silentLog, warn: (message) => warnings.push(message) },
        progress: silentProgress,
        now: () => new Date('2026-01-15T04:00:00Z'),
      });
      // Two machines that begin in the same second both see an empty bucket.
      proxy.fail(first(1, 'ListObjectsV2', { answer: 403, code: 'AccessDenied' }));
      return backupMedia(run, { compression: 'gzip', uploadS3: false, exclude: [] });
    };
    const { manifest } = await host('of the first');
    const stored = await bucket.keys();
    expect(stored).toHaveLength(2);
    await expect(host('of the second')).rejects.toMatchObject({ code: 'ALREADY_STORED' });
    expect(await bucket.keys()).toEqual(stored);
    expect(warnings.at(-1)).toMatch(new RegExp(`^${manifest.id} is the name of another run too`));
  });
});
