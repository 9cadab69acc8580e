import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { BucketSource } from '../../container/media/bucket-source.js';
import { tarEntries } from '../../container/media/tar-entries.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { s3Proxy } from '../support/proxy.js';
import { s3Endpoint, type TestBucket, testBucket } from '../support/s3.js';

/** Keys that break careless programs. The emulator knows none with two slashes in a row or a newline: those are tested apart. */
const hostile = [
  'plain.jpg',
  'folder/ü 覚.jpg',
  'tab\there',
  '../up',
  'a/../../b',
  'folder/',
  './dot',
  'plus+and%20percent?&=#',
  `${'long/'.repeat(60)}${'x'.repeat(300)}`,
];

async function scene(endpoint = s3Endpoint()) {
  const folder = await temporaryFolder();
  const bucket = await testBucket(endpoint);
  for (const key of hostile) await bucket.put(`media/${key}`, `body of ${key}`);
  await bucket.put('media/empty', '');
  await bucket.put('media/large', Buffer.alloc(9_000_000, 'large'));
  await bucket.client.send(
    new PutObjectCommand({
      ...{ Bucket: bucket.name, Key: 'media/dressed', Body: 'x', ContentType: 'image/webp', CacheControl: 'no-store' },
      Metadata: { owner: 'someone' },
    }),
  );
  await bucket.put('mediaelse/not ours', 'x');
  const env = { ...bucket.env, MEDIA_ROOT: `s3://${bucket.name}/media`, BACKUP_DIR: join(folder, 'backups') };
  return { folder, bucket, env };
}

async function contents(bucket: TestBucket): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const { Contents = [] } = await bucket.client.send(
    new ListObjectsV2Command({ Bucket: bucket.name, Prefix: 'media', EncodingType: 'url' }),
  );
  for (const { Key = '' } of Contents) {
    const key = decodeURIComponent(Key.replaceAll('+', ' '));
    const { Body } = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key: key }));
    found[key] = createHash('sha256')
      .update((await Body?.transformToByteArray()) ?? '')
      .digest('hex');
  }
  return found;
}

describe.skipIf(s3Endpoint() === null)('media files in a bucket', () => {
  it('go out and come back under their keys; changed ones only when forced', { timeout: 240_000 }, async () => {
    const { bucket, env } = await scene();
    const before = await contents(bucket);
    const backup = await respaldo(['backup', '--media', '--json'], env);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const [{ manifest }] = JSON.parse(backup.stdout);
    expect(manifest.media).toMatchObject({ source: env.MEDIA_ROOT, files: hostile.length + 3 });
    expect(manifest.warnings).toEqual([]);

    const plan = await respaldo(['restore', '--latest', '--media', '--dry-run'], env);
    expect(plan.stdout).toMatch(/to +s3:.*\n +then +the archive is checked whole first/);
    for (const key of ['folder/ü 覚.jpg', '../up', 'large', 'dressed', 'folder/']) {
      await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: `media/${key}` }));
    }
    await bucket.put('media/new', 'new');
    const restore = await respaldo(['restore', '--latest', '--media', '--force'], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(restore.stderr).toContain('5 objects put back');
    const { 'media/new': added, ...after } = await contents(bucket);
    expect(after).toEqual(before);
    expect(added).toBeDefined();
    const dressed = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key: 'media/dressed' }));
    expect(dressed).toMatchObject({
      ContentType: 'image/webp',
      CacheControl: 'no-store',
      Metadata: { owner: 'someone' },
    });

    await bucket.put('media/plain.jpg', 'changed since');
    const forced = await respaldo(['restore', manifest.id, '--force'], env);
    expect(forced, forced.stderr).toMatchObject({ exitCode: 0 });
    expect(await contents(bucket)).toEqual({ ...before, 'media/new': added });
  });

  it('that have changed since are named and left, without --force', { timeout: 120_000 }, async () => {
    const { bucket, env } = await scene();
    expect(await respaldo(['backup', '--media'], env)).toMatchObject({ exitCode: 0 });
    await bucket.put('media/plain.jpg', 'changed since');
    const changed = await contents(bucket);
    // Without a terminal the command line asks for --force; code does not.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    const { BackupService } = await import('../../container/service.js');
    const said: string[] = [];
    const log = { info: () => {}, warn: (text: string) => said.push(text), error: () => {} };
    const service = new BackupService({ environment: env, log });
    const [backup] = await service.listBackups();
    await service.restoreMedia(backup?.id ?? '');
    expect(said).toEqual([expect.stringContaining('1 objects have changed since the backup and were left')]);
    expect(said[0]).toContain('"media/plain.jpg"');
    expect(await contents(bucket)).toEqual(changed);
  });

  it('restore into a folder, and a folder into a bucket', { timeout: 120_000 }, async () => {
    const { folder, bucket, env } = await scene();
    expect(await respaldo(['backup', '--media', '--exclude', 'long'], env)).toMatchObject({ exitCode: 0 });
    const into = join(folder, 'out');
    const restore = await respaldo(['restore', '--latest', '--media', '--into', into], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(into, 'tab\there'), 'utf8')).toBe('body of tab\there');
    expect(await readFile(join(into, '%2E%2E/up'), 'utf8')).toBe('body of ../up');
    expect((await readdir(folder)).sort()).toEqual(['backups', 'out']);

    await mkdir(join(folder, 'tree/sub'), { recursive: true });
    await writeFile(join(folder, 'tree/sub/ü'), 'from a folder');
    await execa('tar', ['-czf', join(folder, 'tree.tar.gz'), '-C', join(folder, 'tree'), '.']);
    const up = await respaldo(['restore', join(folder, 'tree.tar.gz'), '--force'], env);
    expect(up, up.stderr).toMatchObject({ exitCode: 0 });
    expect(await contents(bucket)).toHaveProperty('media/sub/ü');
  });

  it('leave out the backups that lie in the same bucket', { timeout: 120_000 }, async () => {
    const { bucket, env } = await scene();
    const whole = { ...env, MEDIA_ROOT: `s3://${bucket.name}`, BACKUP_STORAGE: 's3' };
    for (let round = 0; round < 2; round += 1) {
      const backup = await respaldo(['backup', '--media', '--json'], whole);
      expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
      expect(JSON.parse(backup.stdout)[0].manifest.media.files).toBe(hostile.length + 4);
    }
    const within = await respaldo(['backup', '--media'], { ...whole, MEDIA_ROOT: `s3://${bucket.name}/backups/x` });
    expect(within).toMatchObject({ exitCode: 2 });
  });

  it.each([
    { says: 'so', fault: undefined },
    { says: 'that they are forbidden', fault: 'hide what is missing' as const },
  ])(
    'that vanish or change after they were listed are warnings, where S3 says $says',
    { timeout: 120_000 },
    async ({ fault }) => {
      const proxy = await s3Proxy(s3Endpoint() ?? '');
      proxy.fail(({ operation }) => (/^(?:Head|Get)/.test(operation) ? fault : undefined));
      const { bucket } = await scene(proxy.endpoint);
      const client = bucket.client;
      client.middlewareStack.add(
        (next, context) => async (args) => {
          const { Key = '' } = args.input as { Key?: string };
          if (context.commandName === 'GetObjectCommand' && Key === 'media/plain.jpg')
            await client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key }));
          if (context.commandName === 'HeadObjectCommand' && Key === 'media/large') await bucket.put(Key, 'small now');
          return next(args);
        },
        { step: 'initialize' },
      );
      const location = { bucket: bucket.name, key: 'media/' };
      const { signal } = new AbortController();
      const source = new BucketSource({ client, location }, { exclude: [], without: [], signal });
      const read: Record<string, number> = {};
      for await (const { name, bytes } of tarEntries(source.stream())) read[name] = bytes;
      expect(read).not.toHaveProperty('plain.jpg');
      expect(read.large).toBe(9);
      expect(source.files).toBe(hostile.length + 2);
      expect(source.warnings.toSorted()).toEqual([
        '"media/large" changed after it was listed',
        '"media/plain.jpg" vanished before it was read',
      ]);
    },
  );

  it('come back where S3 tells nobody what is missing', { timeout: 240_000 }, async () => {
    const { bucket, env } = await scene();
    const proxy = await s3Proxy(s3Endpoint() ?? '');
    const through = { ...env, AWS_ENDPOINT_URL: proxy.endpoint };
    const gone = ['media/plain.jpg', 'media/large', 'media/tab\there'];
    const remove = () =>
      Promise.all(gone.map((Key) => bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key }))));
    const before = await contents(bucket);
    expect(await respaldo(['backup', '--media'], through)).toMatchObject({ exitCode: 0 });
    await remove();
    proxy.fail(({ operation }) => (/^(?:Head|Get)/.test(operation) ? 'hide what is missing' : undefined));
    const restore = await respaldo(['restore', '--latest', '--media', '--force'], through);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(restore.stderr).toContain('3 objects put back');
    expect(await contents(bucket)).toEqual(before);

    await bucket.put('media/plain.jpg', 'there, and forbidden');
    proxy.fail(({ operation, key }) =>
      operation === 'GetObject' && key.endsWith('plain.jpg') ? { answer: 403, code: 'AccessDenied' } : undefined,
    );
    const refused = await respaldo(['backup', '--media'], through);
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.stderr).toContain('ERROR MEDIA_UNREADABLE');
  });

  it('say what is wrong with the bucket', { timeout: 120_000 }, async () => {
    const { env } = await scene();
    const backup = await respaldo(['backup', '--media'], { ...env, MEDIA_ROOT: 's3://no-such-bucket-here/x' });
    expect(backup).toMatchObject({ exitCode: 3 });
    expect(backup.stderr).toContain('ERROR MEDIA_MISSING');
    expect((await respaldo(['doctor'], env)).stdout).toMatch(/^OK {3}\| media objects: /m);
  });
});
