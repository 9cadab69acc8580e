import { chmod, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CommanderError } from 'commander';
import { execa } from 'execa';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../container/postgres/free-port.js';
import { startThrowawayServer } from '../container/postgres/throwaway-server.js';
import { commands } from '../container/program.js';
import { readSettings } from '../core/read-settings.js';
import { settingsSchema } from '../core/settings.js';
import { respaldo, startRespaldo } from './support/cli.js';
import { temporaryFolder } from './support/folders.js';
import { contentsOf, crmSample, testDatabase } from './support/postgres.js';
import { s3Endpoint, testBucket } from './support/s3.js';
import { makeTree, treeOf } from './support/tree.js';

// Without an engine, docker-compose.yml is held to everything that can be proved of it: to the program, to the
// Dockerfile, to itself, and by running its commands with its environment against a real server.

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string; readonly args: Readonly<Record<string, string>> };
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
}

const text = await readFile('docker-compose.yml', 'utf8');
const compose: {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
} = parse(text);
const services = Object.entries(compose.services);
const ours = compose.services.respaldo as Service;
const dockerfile = await readFile('container/Dockerfile', 'utf8');
const pages = [text, await readFile('docs/deploying.md', 'utf8'), await readFile('README.md', 'utf8')].join('\n');

/** What Compose makes of `${NAME:-default}` where nothing is set. */
const interpolated = (value: string) => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const environmentOf = (service: Service) =>
  Object.fromEntries(Object.entries(service.environment).map(([name, value]) => [name, interpolated(String(value))]));

/** The command lines that the file and the pages tell people to type. */
const typed = [
  ...new Set([...pages.matchAll(/docker compose run --rm respaldo ([^#\n`]+)/g)].map(([, line = '']) => line.trim())),
];

describe('docker-compose.yml', () => {
  it('gives every variable that it takes from outside a default', () => {
    const taken = [...text.matchAll(/\$\{[^}]*\}|\$\w+/g)].map(([each]) => each);
    expect(taken.length).toBeGreaterThan(0);
    for (const each of taken) expect(each).toMatch(/^\$\{[A-Z0-9_]+:-[^}]+\}$/);
  });

  it('sets what respaldo knows, to what it accepts', () => {
    const environment = environmentOf(ours);
    const libpq = /^PG(?:HOST|PORT|USER|PASSWORD|DATABASE)$/;
    for (const name of Object.keys(environment)) {
      expect(name in settingsSchema.shape || libpq.test(name) || name === 'TZ', name).toBe(true);
    }
    expect(() => readSettings(environment)).not.toThrow();
  });

  it.each([[(ours.command ?? []).join(' ')], ...typed.map((line) => [line])])(
    'respaldo %s is a command line of the program',
    async (line) => {
      const reached = new Error('the command began');
      const root = commands({ start: () => Promise.reject(reached), print: () => {}, exitWith: () => {} });
      const outcome = await root.parseAsync(line.split(/\s+/), { from: 'user' }).catch((error) => error);
      expect(outcome, outcome instanceof CommanderError ? outcome.message : '').toBe(reached);
    },
  );

  it('tells people to type something', () => {
    expect(typed).toEqual(expect.arrayContaining(['backup --full', 'list', 'restore --latest']));
  });

  it('builds the Dockerfile with arguments that it has, and clients of the server’s major', () => {
    expect(ours.build?.dockerfile).toBe('container/Dockerfile');
    for (const name of Object.keys(ours.build?.args ?? {}))
      expect(dockerfile).toMatch(new RegExp(`^ARG ${name}\\b`, 'm'));
    expect(compose.services.postgres?.image).toBe(`postgres:${ours.build?.args.PG_MAJORS}`);
  });

  it('logs in to what it starts', () => {
    const postgres = environmentOf(compose.services.postgres as Service);
    const s3 = environmentOf(compose.services.s3 as Service);
    const own = environmentOf(ours);
    expect([own.PGUSER, own.PGDATABASE, own.PGPASSWORD]).toEqual([
      postgres.POSTGRES_USER,
      postgres.POSTGRES_DB,
      postgres.POSTGRES_PASSWORD,
    ]);
    expect([own.AWS_ACCESS_KEY_ID, own.AWS_SECRET_ACCESS_KEY]).toEqual([s3.ROOT_ACCESS_KEY, s3.ROOT_SECRET_KEY]);
    expect(compose.services[own.PGHOST ?? '']).toBe(compose.services.postgres);
    expect(compose.services[new URL(own.AWS_ENDPOINT_URL_S3 ?? '').hostname]).toBe(compose.services.s3);
    // The S3 server takes each folder below its root for a bucket.
    const root = compose.services.s3?.command?.at(-1);
    expect(compose.services.s3?.volumes).toEqual([`s3:${root}/${own.AWS_S3_BUCKET_NAME}`]);
  });

  it('waits for services that there are, and for their health where they tell it', () => {
    for (const [name, { depends_on = {} }] of services) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(compose.services, name).toHaveProperty(other);
        if (condition === 'service_healthy') expect(compose.services[other]).toHaveProperty('healthcheck');
      }
    }
  });

  it('mounts each volume once, and what respaldo writes to belongs to its user', () => {
    const named = services.flatMap(([, { volumes = [] }]) => volumes.map((each) => each.split(':')[0]));
    expect([...named].sort()).toEqual(Object.keys(compose.volumes).sort());
    expect(ours.read_only).toBe(true);
    const made = [...dockerfile.matchAll(/install -d -o node -g node (?:-m 700 )?(\/\w+)/g)].map(([, path]) => path);
    for (const target of (ours.volumes ?? []).map((each) => each.split(':')[1])) expect(made).toContain(target);
    const own = environmentOf(ours);
    expect(ours.volumes).toContain(`media:${own.MEDIA_ROOT}`);
    expect(ours.volumes).toContain(`backups:${readSettings(own).BACKUP_DIR}`);
    expect(ours.tmpfs).toEqual(['/tmp']);
  });

  // The image sets a new database up with a server that only its own socket leads to, which is then ended.
  it('asks the server’s health with a program that the server has, where others reach it, and not on its socket', async () => {
    const { binDirectory } = inject('postgres');
    const parent = await temporaryFolder();
    await chmod(parent, 0o777);
    const settings = [`unix_socket_directories='${parent}'`];
    const server = await startThrowawayServer({ binDirectory, parent, settings });
    onTestFinished(() => server.stop());
    const [shell, line = ''] = compose.services.postgres?.healthcheck?.test ?? [];
    expect(shell).toBe('CMD-SHELL');
    const [program = '', ...args] = line.split(' ');
    const ask = async (words: readonly string[], env: Record<string, string>) =>
      (await execa(join(binDirectory, program), words, { env: { PGHOST: parent, ...env }, reject: false })).exitCode;
    expect(await ask(args, { PGPORT: String(server.port) })).toBe(0);
    // The socket is another one's, so that nothing but it answers there.
    const elsewhere = String(await freePort());
    await rename(join(parent, `.s.PGSQL.${server.port}`), join(parent, `.s.PGSQL.${elsewhere}`));
    expect(await ask([], { PGPORT: elsewhere })).toBe(0);
    expect(await ask(args, { PGPORT: elsewhere })).toBe(2);
  });
});

describe.skipIf(s3Endpoint() === null)('with its environment', () => {
  async function scene() {
    const database = await testDatabase(crmSample);
    const folder = await temporaryFolder();
    const media = join(folder, 'media');
    await makeTree(media);
    const bucket = await testBucket();
    const own = environmentOf(ours);
    await bucket.client.send(new CreateBucketCommand({ Bucket: own.AWS_S3_BUCKET_NAME ?? '' })).catch(() => {}); // it is there since another try
    const env = {
      ...own,
      // Where the services are here.
      ...{
        PGHOST: '127.0.0.1',
        PGPORT: String(inject('postgres').port),
        PGUSER: 'postgres',
        PGDATABASE: database.name,
      },
      ...{ AWS_ENDPOINT_URL_S3: s3Endpoint() ?? '', BACKUP_S3_PREFIX: `${database.name}/` },
      ...{ MEDIA_ROOT: media, BACKUP_DIR: join(folder, 'backups') },
    };
    await mkdir(env.BACKUP_DIR);
    return { database, media, env };
  }

  it('what people are told to type works: a backup of both into both, the list, a restore', async () => {
    const { database, media, env } = await scene();
    const before = await contentsOf(database.name);
    const files = await treeOf(media);
    const backup = await respaldo(['backup', '--full'], env);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const list = await respaldo(['list'], env);
    expect(list.stdout).toMatch(/^DATABASE .*\| local, s3$/m);
    expect(list.stdout).toMatch(/^MEDIA .*\| local, s3$/m);
    await database.query('DROP TABLE deals CASCADE');
    // Without a terminal it says what to type instead of asking.
    const asked = await respaldo(['restore', '--latest'], env);
    expect(asked.exitCode).toBe(9);
    const restored = await respaldo(['restore', '--latest', '--force'], env);
    expect(restored, restored.stderr).toMatchObject({ exitCode: 0 });
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await treeOf(media)).toEqual(files);
  });

  it('its entry command keeps the schedules until it is told to stop, within the grace it is given', async () => {
    const { env } = await scene();
    const running = startRespaldo(ours.command ?? [], env);
    let said = '';
    running.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/check/);
    for (const name of ['database', 'media', 'cleanup', 'check']) expect(said).toContain(name);
    const began = Date.now();
    running.kill('SIGTERM');
    await running;
    expect(Date.now() - began).toBeLessThan(Number.parseInt(ours.stop_grace_period ?? '', 10) * 1000);
  });
});
