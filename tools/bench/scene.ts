import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { installedClients } from '../../container/postgres/clients.js';
import { startThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { crmSql, makeMedia } from './data.js';

export interface Scene {
  readonly folder: string;
  readonly url: string;
  /** A database that pgbench has made. */
  readonly pgbenchUrl: string;
  readonly media: string;
  readonly otherPgDump: string | undefined;
  /** Runs SQL in the maintenance database. */
  execute(sql: string): Promise<void>;
  bytes(path: string): Promise<number>;
  /** The newest of our backups' files that match. */
  newest(pattern: RegExp): Promise<string>;
  /** Stops the server and removes everything. */
  close(): Promise<void>;
}

/** What a scene is to hold. */
export interface Props {
  readonly database?: { readonly scale: number } | { readonly sql: string };
  readonly pgbenchScale?: number;
  /** A folder that is there, or how many files to make. */
  readonly media?: string | number;
  readonly otherPgDump?: string | undefined;
}

const serverSettings = [
  'shared_buffers=2GB',
  'max_wal_size=8GB',
  'work_mem=64MB',
  'maintenance_work_mem=256MB',
  'checkpoint_timeout=1h',
  'autovacuum=off',
];

/** Starts a server of its own and fills it. */
export async function makeScene(props: Props): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'respaldo-bench-'));
  const [clients] = await installedClients(process.env.PG_BINDIR);
  if (!clients) throw new Error('no PostgreSQL is installed: run "npm test" first');
  const server = await startThrowawayServer({
    binDirectory: clients.directory,
    parent: tmpdir(),
    settings: serverSettings,
  });
  const close = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const execute = async (name: string, sql: string) => {
    const client = new pg.Client({ connectionString: server.url(name) });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  try {
    await execute('postgres', 'CREATE DATABASE crm');
    if (props.database) {
      process.stderr.write('making the sample database\n');
      if ('sql' in props.database)
        await execa(join(clients.directory, 'psql'), [
          ...['-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', props.database.sql, server.url('crm')],
        ]);
      else await execute('crm', crmSql(props.database.scale));
      await execute('crm', 'VACUUM ANALYZE');
    }
    if (props.pgbenchScale) {
      process.stderr.write('making a pgbench database\n');
      await execute('postgres', 'CREATE DATABASE pgbench');
      await execa(join(clients.directory, 'pgbench'), [
        '-i',
        '-q',
        '-s',
        String(props.pgbenchScale),
        server.url('pgbench'),
      ]);
    }
    await execute('postgres', 'CHECKPOINT');
    const media = typeof props.media === 'string' ? props.media : join(folder, 'media');
    if (typeof props.media === 'number') {
      process.stderr.write('making the sample media\n');
      await makeMedia(media, props.media);
    }
    return {
      folder,
      url: server.url('crm'),
      pgbenchUrl: server.url('pgbench'),
      media,
      otherPgDump: props.otherPgDump,
      execute: (sql) => execute('postgres', sql),
      bytes: sizeOf,
      newest: (pattern) => newestOf(join(folder, 'backups'), pattern),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function newestOf(folder: string, pattern: RegExp): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => pattern.test(name)).sort();
  return join(folder, names.at(-1) ?? '');
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  const names = await readdir(path);
  return (await Promise.all(names.map((name) => sizeOf(join(path, name))))).reduce((sum, bytes) => sum + bytes, 0);
}
