import { chown, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import type { ThrowawayServer } from '../../container/postgres/throwaway-server.js';

/** Certificates for a server that is called localhost. */
export interface Certificates {
  /** Of the authority that signed it. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes an authority and what it signs, for one day, in a new folder. */
export async function certificates(folder: string): Promise<Certificates> {
  await mkdir(folder);
  const file = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const openssl = (...args: string[]) => execa('openssl', args, { cwd: folder });
  await openssl('req', '-x509', ...key, '-days', '1', '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  await openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  await writeFile(file('names'), 'subjectAltName=DNS:localhost\n');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.pem');
  return { authority: file('ca.pem'), certificate: file('server.pem'), key: file('server.key') };
}

/** From now on the server talks TLS, and with nobody who does not. */
export async function demandTls(server: ThrowawayServer, { certificate, key }: Certificates): Promise<void> {
  const data = join(server.directory, 'data');
  const { uid, gid } = await stat(data);
  for (const [from, name] of [
    [certificate, 'server.crt'],
    [key, 'server.key'],
  ] as const) {
    await copyFile(from, join(data, name));
    await chown(join(data, name), uid, gid);
  }
  const settings = join(data, 'postgresql.auto.conf');
  await writeFile(settings, `${await readFile(settings, 'utf8')}ssl=on\n`);
  await writeFile(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 trust\n');
  const client = new pg.Client(server.url('postgres'));
  await client.connect();
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}
