import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { listener } from '../support/listener.js';
import { crmSample, testDatabase } from '../support/postgres.js';
import { recordedPrograms, type Started } from '../support/recorded-programs.js';
import { s3Endpoint, type TestBucket, testBucket } from '../support/s3.js';

/** Secrets by what they are: none of them may show anywhere, as it is or encoded. */
type Canaries = Readonly<Record<string, string>>;

function found(text: string, canaries: Canaries): string[] {
  return Object.entries(canaries)
    .filter(([, canary]) =>
      [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64').slice(0, -4)].some((each) =>
        text.includes(each),
      ),
    )
    .map(([name]) => name);
}

/** What a child needs to do its work, by its name. Everything else it must not get. */
function mayKnow({ name, args }: Started): readonly string[] {
  if (/^(?:pg_dump|pg_dumpall|pg_restore|psql)$/.test(name)) return ['password'];
  // The same program, at work for the same run.
  if (/respaldo\.js\0worker/.test(args)) return ['password', 'AWS secret', 'AWS session', 'tasks secret'];
  return [];
}

interface Key {
  readonly env: Record<string, string>;
  readonly canaries: Canaries;
}

async function ageKey(): Promise<Key> {
  const file = join(await temporaryFolder(), 'identity.txt');
  await execa('age-keygen', ['-o', file]);
  const { stdout } = await execa('age-keygen', ['-y', file]);
  const secret = /AGE-SECRET-KEY-\S+/.exec(await readFile(file, 'utf8'))?.[0] ?? '';
  expect(secret).not.toBe('');
  return {
    env: { BACKUP_AGE_RECIPIENTS: stdout, BACKUP_AGE_IDENTITY_FILE: file },
    canaries: { 'age identity': secret },
  };
}

/** A key behind a passphrase, which the agent has been told. */
async function gpgKey(): Promise<Key> {
  const home = join(await temporaryFolder(), 'gnupg');
  await mkdir(home, { mode: 0o700 });
  const env = { GNUPGHOME: home };
  const passphrase = 'passphrase of a canary 7f3a';
  const unlocked = ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', passphrase];
  onTestFinished(async () => {
    await execa('gpgconf', ['--kill', 'all'], { env, reject: false });
  });
  await execa('gpg', [...unlocked, '--quick-generate-key', 'backup@example.com', 'default', 'default', 'never'], {
    env,
  });
  const { stdout: sealed } = await execa(
    'gpg',
    ['--batch', '--armor', '--trust-model', 'always', '-r', 'backup@example.com', '-e'],
    { env, input: 'x' },
  );
  await execa('gpg', [...unlocked, '--decrypt'], { env, input: sealed });
  const { stdout: secret } = await execa('gpg', [...unlocked, '--armor', '--export-secret-keys'], { env });
  return {
    env: { ...env, BACKUP_GPG_RECIPIENTS: 'backup@example.com' },
    canaries: { 'gpg passphrase': passphrase, 'gpg secret key': secret.split('\n')[4] ?? '' },
  };
}

/** Everything that stands in the storage and is neither dump nor media. */
async function recordsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return Promise.all(
    names.filter((name) => /\.(?:json|sh|html)$/.test(name)).map((name) => readFile(join(folder, name), 'utf8')),
  );
}

/** Every object of a bucket, with its name, its metadata and its bytes as they are stored: archives are encrypted here. */
async function objectsIn({ name: Bucket, client, keys }: TestBucket): Promise<string[]> {
  return Promise.all(
    (await keys()).map(async (Key) => {
      const { Body, Metadata } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return `${Key} ${JSON.stringify(Metadata)} ${(await Body?.transformToString('latin1')) ?? ''}`;
    }),
  );
}

describe('secrets that are planted', { timeout: 600_000 }, () => {
  it.each([
    { name: 'age, parallel, by the URL', key: ageKey, format: 'parallel', byUrl: true },
    { name: 'GnuPG, custom, by PGPASSWORD', key: gpgKey, format: 'custom', byUrl: false },
    { name: 'age, plain, by PGPASSWORD', key: ageKey, format: 'plain', byUrl: false },
  ])('show nowhere: $name', async ({ key: makeKey, format, byUrl }) => {
    const key = await makeKey();
    const database = await testDatabase(crmSample);
    const folder = await temporaryFolder();
    await chmod(folder, 0o755);
    const [sentry, bus] = [await listener(), await listener({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] })];
    const own: Canaries = {
      password: 'canary of the d@tabase 41c9',
      'AWS secret': 'canaryOfTheAwsSecretAccessKey/52d0',
      'AWS session': 'canaryOfTheAwsSessionToken/63e1',
      'Sentry key': 'canaryofthesentrykey74f2',
      'tasks secret': 'canary-of-the-tasks-secret-85a3-85a3-85a3',
      'another program’s': 'canary-of-another-program-96b4',
    };
    const canaries = { ...own, ...key.canaries };
    const url = new URL(database.url);
    const login: Record<string, string> = byUrl
      ? { DATABASE_URL: database.url.replace('postgres@', `postgres:${encodeURIComponent(own.password ?? '')}@`) }
      : {
          PGHOST: url.hostname,
          PGPORT: url.port,
          PGUSER: 'postgres',
          PGDATABASE: database.name,
          PGPASSWORD: own.password ?? '',
        };
    const programs = await recordedPrograms(folder);
    const [storage, media, scratch, sql] = ['backups', 'media', 'drill', 'assertions.sql'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string];
    await mkdir(media);
    await writeFile(join(media, 'file'), 'x'.repeat(10_000));
    await mkdir(scratch);
    await writeFile(sql, 'SELECT count(*) > 0 AS ok FROM customers');
    const bucket = s3Endpoint() ? await testBucket() : undefined;
    const env = {
      ...(bucket ? { ...bucket.env, BACKUP_STORAGE: 'both' } : {}),
      ...{ ...login, ...key.env, ...programs.env },
      ...{ BACKUP_DIR: storage, MEDIA_ROOT: media, BACKUP_DRILL_DIR: scratch, BACKUP_DRILL_SQL: sql },
      ...{ BACKUP_PARALLEL_TABLE_MB: '0', BACKUP_PARALLEL_PART_MB: '0.05', BACKUP_FORMAT: format },
      ...{
        BACKUP_EVENT_BUS: 'bus',
        AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${bus.port}`,
        AWS_REGION: 'us-east-1',
      },
      ...{
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: own['AWS secret'],
        AWS_SESSION_TOKEN: own['AWS session'],
      },
      SENTRY_DSN: `http://${own['Sentry key']}@127.0.0.1:${sentry.port}/42`,
      BACKUP_TASKS_SECRET: own['tasks secret'],
      OTHER_PROGRAMS_SECRET: own['another program’s'],
      BACKUP_LOG: byUrl ? 'json' : 'text',
    };
    const told: [string, string][] = [];
    const run = async (exitCode: number, args: readonly string[], more: Record<string, string> = {}) => {
      const result = await programs.watch(startRespaldo(args, { ...env, ...more }));
      expect(result.exitCode, `${args.join(' ')}\n${result.stderr}`).toBe(exitCode);
      told.push([args.join(' '), `${result.stdout}${result.stderr}`]);
    };
    await run(0, [
      'backup',
      '--full',
      '--with-globals',
      '--json',
      ...(format === 'parallel' ? ['--tasks', '2', '--jobs', '1'] : []),
    ]);
    await run(0, ['drill', '--json']);
    await run(0, ['drill', '--media']);
    // Of two storages the local one is read, and told of what was found: once from the bucket as well.
    if (bucket) await run(0, ['drill', '--media'], { BACKUP_STORAGE: 's3' });
    await run(0, ['restore', '--latest', '--force', ...(format === 'parallel' ? ['--tasks', '2', '--jobs', '1'] : [])]);
    await run(0, ['restore', '--latest', '--media', '--force']);
    for (const args of [
      ['list', '--json'],
      ['verify', '--all'],
      ['check', '--json'],
      ['cleanup'],
      ['doctor'],
      ['report', '--json'],
      ['schedules', '--crontab'],
    ])
      await programs
        .watch(startRespaldo(args, env))
        .then(({ stdout, stderr }) => told.push([args.join(' '), `${stdout}${stderr}`]));
    await run(
      3,
      ['backup', '--database'],
      byUrl ? { DATABASE_URL: login.DATABASE_URL?.replace(/\/[^/]*$/, '/none') ?? '' } : { PGDATABASE: 'none' },
    );
    await run(2, ['backup', '--database'], {
      BACKUP_RETENTION_DAYS: 'many',
      DATABASE_URL: `mysql://u:${encodeURIComponent(own.password ?? '')}@h/d`,
    });
    await run(2, ['restore', '--latest', '--force'], {
      BACKUP_AGE_IDENTITY_FILE: join(folder, 'none'),
      GNUPGHOME: media,
    });
    await run(2, ['drill', '--latest'], { BACKUP_DRILL_SQL: join(folder, 'none') });

    for (const [command, text] of told) expect(found(text, canaries), command).toEqual([]);
    expect(bus.received.length).toBeGreaterThan(5);
    for (const { body } of bus.received) expect(found(body, canaries), body).toEqual([]);
    const records = await recordsIn(storage);
    expect(records.length).toBeGreaterThan(3);
    for (const text of records) expect(found(text, canaries), text.slice(0, 200)).toEqual([]);
    if (bucket) {
      const objects = await objectsIn(bucket);
      for (const suffix of ['.manifest.json', '.verified.json', '.files.jsonl.'])
        expect(
          objects.some((text) => text.split(' ', 1)[0]?.includes(suffix)),
          suffix,
        ).toBe(true);
      for (const text of objects) expect(found(text, canaries), text.slice(0, 200)).toEqual([]);
    }
    const reports = sentry.received.filter(({ body }) => body.includes('"type":"event"'));
    expect(reports.length).toBeGreaterThan(2);
    // Its own key is how Sentry knows the sender.
    const { 'Sentry key': _, ...others } = canaries;
    for (const { body } of sentry.received) expect(found(body, others), body).toEqual([]);

    const started = await programs.started();
    const expected = [
      'initdb',
      'postgres',
      'pg_dump',
      format === 'plain' ? 'psql' : 'pg_restore',
      'tar',
      ...(key.canaries['age identity'] ? ['age'] : ['gpg']),
    ];
    expect(started.map(({ name }) => name)).toEqual(expect.arrayContaining(expected));
    if (format === 'parallel')
      expect(started.filter(({ args }) => /respaldo\.js\0worker/.test(args)).length).toBeGreaterThan(1);
    for (const child of started) {
      expect(found(child.args, canaries), child.args).toEqual([]);
      expect(mayKnow(child), `${child.name} ${child.args}`).toEqual(
        expect.arrayContaining(found(child.environ, canaries)),
      );
    }
    // That they would be found.
    expect(started.some((child) => found(child.environ, canaries).includes('password'))).toBe(true);
  });
});
