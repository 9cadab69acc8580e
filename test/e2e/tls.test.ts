import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startThrowawayServer, type ThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { findProgram } from '../../container/streams/programs.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { majors } from '../support/majors.js';
import { contentsOf, crmSample } from '../support/postgres.js';
import { type Certificates, certificates, demandTls } from '../support/tls.js';

// As RDS is reached: every connection by TLS, of the programs of PostgreSQL and of our own.
const openssl = await findProgram('openssl');
const directory = majors.at(-1)?.directory ?? '';

describe.skipIf(!openssl)('a server that talks TLS alone', () => {
  let server: ThrowawayServer;
  let its: Certificates;
  let another: Certificates;
  let url: (parameters: Record<string, string>, host?: string) => string;
  const database = `tls_${randomBytes(4).toString('hex')}`;

  const ask = async <Row extends pg.QueryResultRow>(name: string, sql: string, values: unknown[] = []) => {
    const ssl = { ca: await readFile(its.authority) };
    const client = new pg.Client({ host: 'localhost', port: server.port, user: 'postgres', database: name, ssl });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    server = await startThrowawayServer({ binDirectory: directory, parent: tmpdir(), initArguments: ['-E', 'UTF8'] });
    its = await certificates(join(server.directory, 'its'));
    another = await certificates(join(server.directory, 'another'));
    await demandTls(server, its);
    await ask('postgres', `CREATE DATABASE ${database}`);
    await ask(database, crmSample);
    url = (parameters, host = 'localhost') =>
      `postgresql://postgres@${host}:${server.port}/${database}?${new URLSearchParams(parameters)}`;
  });
  afterAll(() => server?.stop());

  it.each(['plain', 'custom', 'parallel'])(
    'is backed up as %s and restored, its certificate looked at',
    async (format) => {
      const before = await contentsOf(database, ask);
      const env = {
        DATABASE_URL: url({ sslmode: 'verify-full', sslrootcert: its.authority }),
        BACKUP_DIR: await temporaryFolder(),
        BACKUP_PARALLEL_TABLE_MB: '0',
      };
      const backup = await respaldo(['backup', '--database', '--format', format], env);
      expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
      await ask(database, 'DROP TABLE deals CASCADE; DELETE FROM customers');
      const restore = await respaldo(['restore', '--latest', '--force'], env);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
      expect(await contentsOf(database, ask)).toEqual(before);
      const table = await respaldo(['restore', '--latest', '--table', 'public.deals', '--as', `back_${format}`], env);
      expect(table, table.stderr).toMatchObject({ exitCode: 0 });
      await ask(database, `DROP TABLE back_${format}`);
    },
  );

  it.each([
    { what: 'as in AWS, encrypted and not looked at', parameters: { sslmode: 'require' } },
    { what: 'by what the server prefers', parameters: {} },
    { what: 'the authority alone looked at', parameters: { sslmode: 'verify-ca' }, host: '127.0.0.1', ca: true },
  ])('is reached $what', async ({ parameters, host, ca = false }) => {
    const DATABASE_URL = url({ ...parameters, ...(ca ? { sslrootcert: its.authority } : {}) } as never, host);
    const env = { DATABASE_URL, BACKUP_DIR: await temporaryFolder() };
    const backup = await respaldo(['backup', '--database', '--format', 'parallel'], env);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  });

  it.each([
    {
      what: 'one who does not want TLS',
      url: () => url({ sslmode: 'disable' }),
      says: /^ERROR SERVER_UNREACHABLE: .*no pg_hba\.conf entry .*no encryption/m,
    },
    {
      what: 'another host’s certificate',
      url: () => url({ sslmode: 'verify-full', sslrootcert: its.authority }, '127.0.0.1'),
      says: /^ERROR SERVER_UNREACHABLE: .*127\.0\.0\.1 is not in .*\nHINT: The certificate is for another name/m,
    },
    {
      what: 'another authority',
      url: () => url({ sslmode: 'verify-full', sslrootcert: another.authority }),
      says: /^ERROR SERVER_UNREACHABLE: .*certificate.*\nHINT: The server’s certificate is not signed by what PGSSLROOTCERT/m,
    },
    {
      what: 'no authority to look it up with',
      url: () => url({ sslmode: 'verify-full' }),
      says: /^ERROR SETTINGS_INVALID: sslmode verify-full has nothing to check .*\nHINT: Set PGSSLROOTCERT/m,
    },
    {
      what: 'an authority’s file that is not there',
      url: () => url({ sslmode: 'verify-full', sslrootcert: '/nonexistent/ca.pem' }),
      says: /^ERROR SETTINGS_INVALID: PGSSLROOTCERT: \/nonexistent\/ca\.pem cannot be read: ENOENT.*\nHINT: Correct/m,
    },
  ])('$what ends in one message', async ({ url: of, says }) => {
    const env = { DATABASE_URL: of(), BACKUP_DIR: await temporaryFolder() };
    expect((await respaldo(['backup', '--database'], env)).stderr).toMatch(says);
    const doctor = await respaldo(['doctor'], env);
    expect(doctor.exitCode).toBeGreaterThan(1);
    expect(doctor.stdout + doctor.stderr).not.toMatch(/BUG/);
  });
});
