import { randomBytes } from 'node:crypto';
import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import pg from 'pg';
import prettyBytes from 'pretty-bytes';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { DatabaseFacts } from '../../core/manifest.js';
import {
  createDatabaseStatement,
  type DatabaseLocale,
  localeOf,
  nearestLocales,
} from '../../core/postgres/create-database.js';
import { currentUser } from '../current-user.js';
import type { Connection } from '../postgres/connection.js';
import { eventTriggersFrom } from '../postgres/event-triggers.js';
import { installedServers } from '../postgres/installations.js';
import { withSession } from '../postgres/open-session.js';
import { serverVersion } from '../postgres/server.js';
import { isServerGone } from '../postgres/server-errors.js';
import { startThrowawayServer, type ThrowawayServer } from '../postgres/throwaway-server.js';
import type { Run } from '../run.js';
import { makeFolder } from '../storage/make-folder.js';
import { type Confinement, createConfinement } from './confinement.js';

/** A restored database is about as large as the dumped one was, with what sorting indexes takes meanwhile. */
const roomFactor = 1.3;

export interface DrillServer extends ThrowawayServer {
  /** Undefined: the dump is trusted, and loaded by a superuser. */
  readonly confinement: Confinement | undefined;
}

/**
 * Starts a throw-away server of the backup's own major, and makes the roles that the backup names.
 *
 * @param trusted whether the dump is loaded by a superuser
 * @throws OperatorError PROGRAM_MISSING, STORAGE_FULL, TARGET_LACKS, SOURCE_FAILED
 */
export async function startDrillServer(
  run: Run,
  id: string,
  facts: DatabaseFacts,
  trusted: boolean,
): Promise<DrillServer> {
  const parent = run.settings.BACKUP_DRILL_DIR ?? tmpdir();
  const major = Number.parseInt(facts.serverVersion, 10);
  const binDirectory = await serverPrograms(run, id, major);
  await assertRoom(parent, id, facts.bytes);
  const server = await startThrowawayServer({
    binDirectory,
    parent,
    settings: [
      ...['shared_buffers=256MB', 'max_wal_size=4GB', 'checkpoint_timeout=1h', 'autovacuum=off'],
      // Only a superuser can have made some. What one does at a login would be compared with what was dumped.
      ...(trusted && major >= eventTriggersFrom ? ['event_triggers=off'] : []),
    ],
    initArguments: ['--encoding=UTF8', '--locale=C'],
    // A dump that names postgres as an owner must not get at a superuser by that; a trusted one may need just this.
    user: trusted ? 'postgres' : `respaldo_${randomBytes(8).toString('hex')}`,
    password: randomBytes(24).toString('base64url'),
    signal: run.signal,
  });
  try {
    const confinement = await withClient(server, 'postgres', async (client) => {
      const roles = await prepare(client, id, facts);
      return trusted ? undefined : createConfinement(client, roles);
    });
    return { ...server, confinement };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface Login {
  readonly user: string;
  readonly password: string | undefined;
}

/** Who loads the dump and looks at what came out. */
export function restorer({ user, password, confinement }: DrillServer): Login {
  return confinement ? { user: confinement.role, password: confinement.password } : { user, password };
}

/**
 * Runs something in a session of a throw-away server.
 *
 * @param login default: the superuser
 * @throws OperatorError SERVER_UNREACHABLE, SOURCE_FAILED
 */
export function withClient<T>(
  server: ThrowawayServer,
  database: string,
  use: (client: pg.Client) => Promise<T>,
  login?: Login,
): Promise<T> {
  const { host, port } = server;
  const { user, password } = login ?? server;
  // What a dump has set for its database does not count for the superuser.
  const libpq: Record<string, string> = login ? {} : { PGOPTIONS: '-c search_path=pg_catalog' };
  const connection: Connection = {
    host,
    port,
    user,
    database,
    sslmode: 'disable',
    libpq,
    password: async () => password,
  };
  return withSession(connection, 'drill', use);
}

async function serverPrograms(run: Run, id: string, major: number): Promise<string> {
  const servers = await installedServers(run.settings.PG_BINDIR);
  const fitting = servers.find((server) => server.major === major);
  if (fitting) return fitting.directory;
  const found = servers.map(({ version }) => version).join(', ');
  throw new OperatorError(
    'PROGRAM_MISSING',
    `drill of ${id} not begun: no PostgreSQL ${major} server is installed here (initdb and postgres${found === '' ? '' : `; found ${found}`})`,
    `Install postgresql-${major}, or add a directory that has it to PG_BINDIR.`,
  );
}

async function roomIn(parent: string, id: string): Promise<Pick<StatsFs, 'bavail' | 'bsize'>> {
  try {
    await makeFolder(parent);
    return await statfs(parent);
  } catch (cause) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      `drill of ${id} not begun: ${parent} cannot be used: ${messageOf(cause)}`,
      `Set BACKUP_DRILL_DIR to a folder that ${currentUser} may write to.`,
      { cause },
    );
  }
}

async function assertRoom(parent: string, id: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await roomIn(parent, id);
  const needed = Math.ceil(bytes * roomFactor);
  if (bavail * bsize >= needed) return;
  throw new OperatorError(
    'STORAGE_FULL',
    `drill of ${id} not begun: it needs about ${prettyBytes(needed)} in ${parent}, ${prettyBytes(bavail * bsize)} are free`,
    'Set BACKUP_DRILL_DIR to a folder on a larger disk.',
  );
}

/** @returns the roles that the dump names, which are there now */
async function prepare(client: pg.Client, id: string, facts: DatabaseFacts): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS needed(name) WHERE name NOT IN (SELECT available.name FROM pg_available_extensions available)',
    [facts.extensions.map(({ name }) => name)],
  );
  if (rows.length > 0) {
    const major = Number.parseInt(facts.serverVersion, 10);
    throw new OperatorError(
      'TARGET_LACKS',
      `drill of ${id} not begun: extensions are not installed here: ${rows.map(({ name }) => name).join(', ')}`,
      `Install their packages for PostgreSQL ${major}, such as postgresql-contrib or postgresql-${major}-postgis-3.`,
    );
  }
  // No catalog records what the first superuser was granted, and that is mostly postgres.
  const roles = [...new Set(['postgres', facts.owner, ...facts.roles])].filter((role) => role !== '');
  for (const role of roles) {
    if (role !== client.user) await client.query(`CREATE ROLE ${pg.escapeIdentifier(role)}`);
  }
  return roles;
}

/**
 * The facts with a locale that this system has. What is compared does not depend on it; how text is sorted does.
 *
 * @returns undefined where the system has the backup's own
 */
export async function withKnownLocale(
  server: ThrowawayServer,
  facts: DatabaseFacts,
): Promise<DatabaseFacts | undefined> {
  return withClient(server, 'postgres', async (client) => {
    const wanted = localeOf(facts);
    if (await isKnown(client, wanted)) return undefined;
    const nearest = nearestLocales(wanted);
    for (const locale of nearest) if (await isKnown(client, locale)) return { ...facts, ...locale };
    return { ...facts, ...nearest.at(-1) }; // the restore tells why not
  });
}

async function isKnown(client: pg.Client, locale: DatabaseLocale): Promise<boolean> {
  const { major } = await serverVersion(client);
  try {
    await client.query(createDatabaseStatement('locale_probe', locale, major));
    await client.query('DROP DATABASE locale_probe');
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || isServerGone(error)) throw error;
    return false;
  }
}
