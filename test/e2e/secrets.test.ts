import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { listener } from '../support/listener.js';
import { crmSample, testDatabase } from '../support/postgres.js';
import { childrenOf, until } from '../support/processes.js';
import { s3Endpoint } from '../support/s3.js';

const timeout = 300_000;
/** Every printable character of ASCII, and some beyond. */
const password = `${Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('')}üЖ€ canary`;

/** A server of its own that asks one role for its password, which it compares by SCRAM. */
async function guardedServer() {
  const server = await startThrowawayServer({
    binDirectory: inject('postgres').binDirectory,
    parent: tmpdir(),
    settings: ["password_encryption='scram-sha-256'"],
    initArguments: ['--encoding=UTF8', '--locale=C.UTF-8'],
  });
  onTestFinished(() => server.stop());
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  await client.query(`CREATE ROLE keeper LOGIN SUPERUSER PASSWORD ${pg.escapeLiteral(password)}`);
  await client.query('CREATE DATABASE crm OWNER keeper');
  const hba = join(server.directory, 'data', 'pg_hba.conf');
  const rules = await readFile(hba, 'utf8');
  await writeFile(hba, `host all keeper all scram-sha-256\n${rules}`);
  await client.query('SELECT pg_reload_conf()');
  await client.end();
  const crm = new pg.Client({ connectionString: server.url('crm') });
  await crm.connect();
  await crm.query(crmSample);
  onTestFinished(() => crm.end().catch(() => {}));
  return { server, crm };
}

describe('a password of every printable character', { timeout }, () => {
  it('is not let in without it, and opens from the URL, from PGPASSWORD, from a password file and from a secret', async () => {
    const { server } = await guardedServer();
    const folder = await temporaryFolder();
    const host = `127.0.0.1:${server.port}`;
    const parts = { PGHOST: '127.0.0.1', PGPORT: String(server.port), PGUSER: 'keeper', PGDATABASE: 'crm' };
    const refused = await respaldo(['backup', '--database'], { ...parts, PGPASSWORD: 'wrong', BACKUP_DIR: folder });
    expect(refused.exitCode, refused.stderr).toBe(3);
    expect(refused.stderr).toMatch(/ERROR SERVER_UNREACHABLE: .*"keeper".*\nHINT: The password is wrong/);

    const file = join(folder, 'pgpass');
    await writeFile(file, `*:*:*:*:${password.replaceAll(/[\\:]/g, '\\$&')}\n`, { mode: 0o600 });
    const environments: Record<string, string>[] = [
      { DATABASE_URL: `postgresql://keeper:${encodeURIComponent(password)}@${host}/crm` },
      { ...parts, PGPASSWORD: password },
      { ...parts, PGPASSFILE: file },
    ];
    const moto = s3Endpoint();
    if (moto) {
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const secrets = new SecretsManagerClient({ endpoint: moto, region: 'us-east-1', credentials });
      const SecretString = JSON.stringify({
        username: 'keeper',
        password,
        host: '127.0.0.1',
        port: server.port,
        dbname: 'crm',
      });
      const { ARN = '' } = await secrets.send(new CreateSecretCommand({ Name: `crm-${server.port}`, SecretString }));
      environments.push({
        BACKUP_DATABASE_SECRET_ARN: ARN,
        AWS_ENDPOINT_URL: moto,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      });
    }
    for (const [index, env] of environments.entries()) {
      const own = { ...env, BACKUP_DIR: join(folder, String(index)) };
      const backup = await respaldo(['backup', '--database'], own);
      expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
      const restore = await respaldo(['restore', '--latest', '--into', `copy_${index}`, '--force'], own);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    }
  });
});

describe('a login by IAM', { timeout }, () => {
  it('makes a token, and insists on TLS', async () => {
    const run = await respaldo(['backup', '--database'], {
      DATABASE_URL: `postgresql://keeper@127.0.0.1:${inject('postgres').port}/crm`,
      BACKUP_DIR: await temporaryFolder(),
      BACKUP_DATABASE_IAM_AUTH: 'true',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
    });
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toMatch(/ERROR SERVER_UNREACHABLE: .* not reached: The server does not support SSL/);
  });
});

describe('secrets', { timeout }, () => {
  it('show in no argument, no log, no event, no manifest, and in no environment that does not need them', async () => {
    const { server, crm } = await guardedServer();
    const folder = await temporaryFolder();
    const bus = await listener({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] });
    const env = {
      DATABASE_URL: `postgresql://keeper:${encodeURIComponent(password)}@127.0.0.1:${server.port}/crm`,
      BACKUP_DIR: folder,
      AWS_ACCESS_KEY_ID: 'AKIACANARY',
      AWS_SECRET_ACCESS_KEY: 'secret-key-canary',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${bus.port}`,
      BACKUP_EVENT_BUS: 'bus',
      BACKUP_LOG: 'json',
    };
    const told: string[] = [];
    const expectNoSecret = (text: string) => {
      expect(text).not.toMatch(/canary/i);
      expect(text).not.toContain(encodeURIComponent(password).slice(0, 60));
    };

    await crm.query('BEGIN; LOCK TABLE deals IN ACCESS EXCLUSIVE MODE');
    const run = startRespaldo(['backup', '--database', '--with-globals', '--json'], env);
    const family = async () => {
      const children = await childrenOf(run.pid as number);
      return (await Promise.all(children.map(async (child) => [child, ...(await childrenOf(child.pid))]))).flat();
    };
    await until('pg_dump and the compressor run', async () => {
      const names = (await family()).map(({ name }) => name);
      return names.includes('pg_dump') && names.length >= 2;
    });
    for (const { pid, name } of await family()) {
      told.push(await readFile(`/proc/${pid}/cmdline`, 'utf8'));
      const environ = await readFile(`/proc/${pid}/environ`, 'utf8');
      if (name === 'pg_dump') expect(environ).toContain('PGPASSWORD=');
      else expectNoSecret(environ);
      expect(environ).not.toContain('secret-key-canary');
    }
    await crm.query('COMMIT');
    const done = await run;
    expect(done.exitCode, String(done.stderr)).toBe(0);
    told.push(String(done.stdout), String(done.stderr));

    const refused = await respaldo(['backup', '--database'], {
      ...env,
      DATABASE_URL: env.DATABASE_URL.replace('/crm', '/none'),
    });
    expect(refused.exitCode).toBe(3);
    const wrong = await respaldo(['doctor'], {
      ...env,
      DATABASE_URL: env.DATABASE_URL.replace('postgresql:', 'canary-mysql:'),
    });
    told.push(refused.stdout, refused.stderr, wrong.stdout.replaceAll('canary-mysql', ''), wrong.stderr);
    for (const name of await readdir(join(folder, 'database'))) {
      if (name.endsWith('.json')) told.push(await readFile(join(folder, 'database', name), 'utf8'));
    }
    expect(bus.received.map(({ body }) => /Backup (Completed|Failed)/.exec(body)?.[0])).toEqual([
      'Backup Completed',
      'Backup Failed',
    ]);
    told.push(...bus.received.map(({ body }) => body));
    for (const text of told) expectNoSecret(text);
  });
});

describe('BACKUP_LOG=json', { timeout }, () => {
  it('writes nothing but JSON lines to standard error, and results to standard output', async () => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), BACKUP_LOG: 'json' };
    const lines = (text: string) =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    const done = await respaldo(['backup', '--database'], env);
    expect(done.exitCode, done.stderr).toBe(0);
    expect(done.stdout).toMatch(/^db_backup_/);
    expect(lines(done.stderr)[0]).toMatchObject({
      level: 30,
      program: 'respaldo',
      msg: expect.stringContaining('backing up'),
    });
    const failed = await respaldo(['restore', 'db_backup_20200101_000000'], env);
    expect(failed.exitCode).toBe(5);
    expect(lines(failed.stderr)).toEqual([
      expect.objectContaining({
        level: 50,
        code: 'NO_SUCH_BACKUP',
        exitCode: 5,
        hint: expect.stringContaining('respaldo list'),
        time: expect.any(String),
      }),
    ]);
  });
});

describe('Sentry', { timeout }, () => {
  it('hears of an error: its code and where, no message, no row, no secret', async () => {
    const sentry = await listener();
    const database = await testDatabase(
      `CREATE TABLE people (email text); INSERT INTO people VALUES ('row-canary@example.org')`,
    );
    const folder = await temporaryFolder();
    const env = {
      DATABASE_URL: database.url.replace('postgres@', 'postgres:password-canary@'),
      BACKUP_DIR: folder,
      AWS_SECRET_ACCESS_KEY: 'secret-key-canary',
      SENTRY_DSN: `http://publickey@127.0.0.1:${sentry.port}/42`,
    };
    const backup = await respaldo(['backup', '--database', '--no-compress'], env);
    expect(backup.exitCode, backup.stderr).toBe(0);
    expect(sentry.received).toEqual([]);

    const name = (await readdir(join(folder, 'database'))).find((each) => each.endsWith('.sql')) as string;
    const dump = join(folder, 'by-hand.sql');
    await writeFile(dump, await readFile(join(folder, 'database', name)));
    await appendFile(
      dump,
      "CREATE UNIQUE INDEX ON public.people (email);\nINSERT INTO public.people VALUES ('row-canary@example.org');\n-- PostgreSQL database dump complete\n",
    );
    const failed = await respaldo(['restore', dump, '--force'], env);
    expect(failed.exitCode).toBe(3);
    expect(failed.stderr).toContain('row-canary'); // the person may see it
    const events = sentry.received.filter(({ body }) => body.includes('"type":"event"'));
    expect(events).toHaveLength(1);
    expect(events[0]?.path).toContain('/api/42/envelope/');
    expect(events[0]?.body).toContain('respaldo failed: RESTORE_FAILED');
    expect(events[0]?.body).toContain('"stacktrace"');
    for (const { body } of sentry.received) expect(body).not.toMatch(/canary|people|127\.0\.0\.1:5|by-hand/i);
  });

  it('that does not answer changes neither message nor exit code', async () => {
    const failed = await respaldo(['restore', 'db_backup_20200101_000000'], {
      BACKUP_DIR: await temporaryFolder(),
      SENTRY_DSN: 'http://publickey@127.0.0.1:9/42',
    });
    expect(failed.exitCode).toBe(5);
    expect(failed.stderr).toMatch(/^ERROR NO_SUCH_BACKUP/m);
  });
});
