import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { OperatorError } from '../../core/errors.js';
import { childEnvironment } from '../streams/command.js';
import { findProgram, isExecutable } from '../streams/programs.js';

/** One installed set of PostgreSQL's client programs. */
export interface Clients {
  readonly directory: string;
  /** As pg_dump prints it: `15.13`. */
  readonly version: string;
  readonly major: number;
}

/** Where the distributions put the programs; `*` is one folder name. */
const places = [
  '/usr/lib/postgresql/*/bin', // Debian, Ubuntu, and PostgreSQL's own apt repository
  '/usr/pgsql-*/bin', // PostgreSQL's own yum repository
  '/usr/libexec/postgresql*', // Alpine
  '/usr/lib64/pgsql/bin',
  '/usr/local/pgsql/bin', // built from source
  '/opt/homebrew/opt/postgresql@*/bin',
  '/opt/homebrew/opt/libpq/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/usr/local/opt/libpq/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
];

/** All installed clients, those of PG_BINDIR first, then the newest first. */
export async function installedClients(binDirectory: string | undefined): Promise<Clients[]> {
  const onPath = await findProgram('pg_dump');
  const directories = new Set([
    ...(await Promise.all(places.map(expand))).flat(),
    ...(onPath ? [dirname(onPath)] : []), // last: on Debian it is a wrapper around the others
  ]);
  const found = (await Promise.all([...directories].map(clientsIn))).filter((clients) => clients !== undefined);
  const preferred = binDirectory ? await clientsIn(binDirectory) : undefined;
  const others = found.sort((a, b) => b.major - a.major || compareVersions(b.version, a.version));
  return preferred ? [preferred, ...others] : others;
}

/**
 * The clients of the server's own major. An older pg_dump refuses, and what a newer one writes does not go back into
 * the server that it came from (a setting that it does not know stops the restore).
 *
 * @param purpose begins the message: `backup of "crm" not taken`
 * @throws OperatorError CLIENT_MISSING or CLIENT_TOO_OLD
 */
export async function clientsFor(
  server: ServerVersion,
  purpose: string,
  binDirectory: string | undefined,
): Promise<Clients> {
  const installed = await installedClients(binDirectory);
  const fitting = installed.find((clients) => clients.major === server.major);
  if (fitting) return fitting;
  const newest = installed.reduce<Clients | undefined>(
    (best, each) => (best && best.major >= each.major ? best : each),
    undefined,
  );
  const hint = `Install postgresql-client-${server.major}, or set PG_BINDIR to a directory that has it.`;
  if (!newest) {
    throw new OperatorError(
      'CLIENT_MISSING',
      `${purpose}: the server is PostgreSQL ${server.text}, and no pg_dump is installed here`,
      hint,
    );
  }
  throw new OperatorError(
    newest.major < server.major ? 'CLIENT_TOO_OLD' : 'CLIENT_MISSING',
    newest.major < server.major
      ? `${purpose}: the server is PostgreSQL ${server.text}, the newest pg_dump here is ${newest.version}`
      : `${purpose}: the server is PostgreSQL ${server.text}, and of its major no client is installed here (found ${installed.map((clients) => clients.version).join(', ')})`,
    hint,
  );
}

export interface ServerVersion {
  /** `15.13` */
  readonly text: string;
  readonly major: number;
}

async function clientsIn(directory: string): Promise<Clients | undefined> {
  const pgDump = join(directory, 'pg_dump');
  if (!(await isExecutable(pgDump)) || !(await isExecutable(join(directory, 'psql')))) return undefined;
  const { stdout, failed } = await execa(pgDump, ['--version'], {
    reject: false,
    env: childEnvironment(),
    extendEnv: false,
  });
  const version = /\(PostgreSQL\) (\d+[.\w]*)/.exec(stdout)?.[1];
  return failed || !version ? undefined : { directory, version, major: Number.parseInt(version, 10) };
}

async function expand(place: string): Promise<string[]> {
  const [before, after] = place.split('*');
  if (after === undefined) return [place];
  const folder = dirname(`${before}x`);
  const begin = (before as string).slice(folder.length + 1);
  try {
    const entries = await readdir(folder);
    return entries.filter((entry) => entry.startsWith(begin)).map((entry) => join(folder, `${entry}${after}`));
  } catch {
    return []; // this distribution has no such folder
  }
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
