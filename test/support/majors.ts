import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { installedClients } from '../../container/postgres/clients.js';
import { installedServers } from '../../container/postgres/installations.js';
import { startThrowawayServer, type ThrowawayServer } from '../../container/postgres/throwaway-server.js';

/** The majors that respaldo is for. */
const wanted = [14, 15, 16, 17, 18];

const clients = await installedClients(process.env.PG_BINDIR);
const servers = await installedServers(process.env.PG_BINDIR);

/** Those that are installed here, in the usual places or in a directory of PG_BINDIR, with server and clients. */
export const majors = wanted.flatMap((major) => {
  const server = servers.find((each) => each.major === major);
  return server && clients.some((each) => each.major === major) ? [{ major, directory: server.directory }] : [];
});

const missing = wanted.filter((major) => !majors.some((each) => each.major === major));
if (missing.length > 0) {
  process.stderr.write(
    `*** PostgreSQL ${missing.join(', ')} not installed: SKIPPED (PG_BINDIR=/one/bin:/another/bin names their programs' directories) ***\n`,
  );
}

export interface MajorServer {
  url(database: string, user?: string): string;
  query<Row extends pg.QueryResultRow>(
    database: string,
    sql: string,
    values?: unknown[],
    user?: string,
  ): Promise<Row[]>;
  /** A new database; everything goes with the server. */
  database(sql: string, options?: string): Promise<string>;
}

/** A server of that major for all tests of a block. */
export function serverOf(directory: string): MajorServer {
  let server: ThrowawayServer | undefined;
  beforeAll(async () => {
    server = await startThrowawayServer({
      binDirectory: directory,
      parent: tmpdir(),
      settings: ['max_connections=60'],
      initArguments: ['--encoding=UTF8', '--locale=C.UTF-8'],
    });
  });
  afterAll(() => server?.stop());
  const url = (database: string, user = 'postgres') =>
    `postgresql://${user}@127.0.0.1:${server?.port}/${encodeURIComponent(database)}`;
  const query = async <Row extends pg.QueryResultRow>(
    database: string,
    sql: string,
    values: unknown[] = [],
    user?: string,
  ) => {
    const client = new pg.Client(url(database, user));
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  const database = async (sql: string, options = '') => {
    const name = `t_${randomBytes(6).toString('hex')}`;
    await query('postgres', `CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
    await query(name, sql);
    return name;
  };
  return { url, query, database };
}
