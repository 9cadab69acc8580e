import { chmod, chown, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daysAgo, madeBackup } from '../support/catalog.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { type Fault, s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';

const timeout = 120_000;
const moto = s3Endpoint();

/** Three backups in a bucket whose manifests, or those of the newest, cannot be had. */
async function scene() {
  const bucket = await testBucket();
  const ids: string[] = [];
  for (const days of [0.5, 1.5, 50]) {
    const objects = Object.entries(madeBackup({ time: daysAgo(days) }));
    for (const [key, bytes] of objects) await bucket.put(`backups/${key}`, bytes);
    ids.push(/db_backup_\d+_\d+/.exec(objects[0]?.[0] ?? '')?.[0] ?? '');
  }
  const proxy = await s3Proxy(moto as string);
  const env = {
    ...{ ...bucket.env, AWS_ENDPOINT_URL: proxy.endpoint, BACKUP_STORAGE: 's3', DATABASE_URL: 'postgresql://x/y' },
    ...{ BACKUP_DIR: await temporaryFolder(), BACKUP_S3_TIMEOUT: '1', BACKUP_S3_TRIES: '1' },
  };
  const [newest = '', older = '', oldest = ''] = ids;
  const failReading = (fault: Fault, of = '') =>
    proxy.fail(({ operation, key }) =>
      operation === 'GetObject' && key.includes(of) && key.endsWith('.manifest.json') ? fault : undefined,
    );
  return { bucket, proxy, env, newest, older, oldest, failReading };
}

const denied: Fault = { answer: 403, code: 'AccessDenied' };
const faults: { name: string; fault: Fault; says: RegExp }[] = [
  { name: 'S3 says that it may not be read', fault: denied, says: /manifest\.json not read: HTTP 403 AccessDenied/ },
  { name: 'S3 is down', fault: { answer: 500, code: 'InternalError' }, says: /manifest\.json not read: HTTP 500/ },
  { name: 'S3 answers nothing', fault: 'stall', says: /manifest\.json not read: TimeoutError/ },
];

describe.skipIf(moto === null)('a manifest that cannot be read', { timeout }, () => {
  it.each(faults)('is no damage to check: $name', async ({ fault, says }) => {
    const { env, failReading, newest, older } = await scene();
    failReading(fault, newest);
    const { exitCode, stdout } = await respaldo(['check'], env);
    expect(exitCode, stdout).toBe(4);
    expect(stdout).toMatch(new RegExp(`^FAIL \\| database unread +\\| ${newest} in s3:.* cannot be read now: `, 'm'));
    expect(stdout).toMatch(says);
    const age = `^FAIL \\| database age +\\| newest good backup ${older} is .*; there are newer ones that cannot`;
    expect(stdout).toMatch(new RegExp(age, 'm'));
    expect(stdout).not.toContain('damaged');
  });

  it('is no damage to verify and to the report', async () => {
    const { env, failReading, newest } = await scene();
    failReading(denied, newest);
    const says = /manifest\.json not read: HTTP 403 AccessDenied/;
    const verify = await respaldo(['verify', newest], env);
    expect(verify.exitCode).toBe(4);
    expect(verify.stdout).toMatch(says);
    const report = JSON.parse((await respaldo(['report', '--json'], env)).stdout);
    expect(report.verdict.problems).toContainEqual({
      level: 'look',
      text: '1 database backup cannot be read just now',
      hint: expect.stringMatching(says),
    });
    expect(report.targets[0]).toMatchObject({ backups: 3, newest: { id: newest } });
    expect(JSON.stringify(report)).not.toContain('damaged');
  });
});

describe.skipIf(moto === null)('with no manifest to be read', { timeout }, () => {
  it('check and report say that nothing can be told, and ask a few times only; list and cleanup need none', async () => {
    const { env, failReading, proxy, newest, older, oldest } = await scene();
    failReading(denied);
    const check = await respaldo(['check'], env);
    expect(check.exitCode).toBe(4);
    expect(check.stdout).toMatch(/^FAIL \| database age +\| cannot be told: no manifest of the newest backups in s3:/m);
    const report = JSON.parse((await respaldo(['report', '--json'], env)).stdout);
    expect(report.verdict).toMatchObject({
      level: 'look',
      sentence: expect.stringContaining('3 database backups cannot be read'),
    });
    const list = await respaldo(['list', '--json'], env);
    expect(JSON.parse(list.stdout).map(({ id }: { id: string }) => id)).toEqual([newest, older, oldest]);
    const asked = proxy.calls.length;
    const cleanup = await respaldo(['cleanup'], env);
    expect(cleanup.stdout).toMatch(/^DATABASE in s3:.*: 1 removed .*, 2 kept$/m);
    expect(proxy.calls.slice(asked).some(({ operation }) => operation === 'GetObject')).toBe(false);
  });
});

describe('in a folder', { timeout }, () => {
  it('a manifest that this user may not read is no damage, one that is broken is', async () => {
    const folder = await temporaryFolder();
    const names: string[] = [];
    for (const days of [0.5, 1]) {
      await mkdir(join(folder, 'database'), { recursive: true });
      for (const [key, bytes] of Object.entries(madeBackup({ time: daysAgo(days) }))) {
        await writeFile(join(folder, key), bytes);
        if (key.endsWith('.manifest.json')) names.push(key);
      }
    }
    const [newest = '', older = ''] = names;
    const nobody = 65_534;
    const asNobody = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
    for (const path of [folder, ...(await readdir(folder, { recursive: true })).map((each) => join(folder, each))])
      if (process.getuid?.() === 0) await chown(path, nobody, nobody);
    await chmod(join(folder, newest), 0o000);
    const env = { BACKUP_DIR: folder, DATABASE_URL: 'postgresql://x/y' };
    const unread = await respaldo(['check'], env, asNobody);
    expect(unread.exitCode, unread.stderr).toBe(4);
    expect(unread.stdout).toMatch(/^FAIL \| database unread +\| db_backup_.* cannot be read now: .*EACCES.*chown/m);
    expect(unread.stdout).not.toContain('damaged');

    await chmod(join(folder, 'database'), 0o000);
    for (const args of [['list'], ['report'], ['cleanup'], ['verify']]) {
      const { exitCode, stderr } = await respaldo(args, env, asNobody);
      expect([args, exitCode]).toEqual([args, 4]);
      expect(stderr).toMatch(/^ERROR STORAGE_DENIED: \S+\/database\/ not listed: EACCES.*\nHINT: .*chown/);
    }
    await chmod(join(folder, 'database'), 0o700);

    await chmod(join(folder, newest), 0o600);
    await truncate(join(folder, newest), 512);
    const damaged = await respaldo(['check'], env, asNobody);
    expect(damaged.exitCode).toBe(8);
    expect(damaged.stdout).toMatch(/^FAIL \| database damaged +\| db_backup_.*is not JSON/m);
    expect(damaged.stdout).not.toContain('unread');
    expect(older).not.toBe('');
  });
});
