import { readdir, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { childEnvironment } from '../streams/command.js';
import { findProgram, isExecutable } from '../streams/programs.js';

/** Some of PostgreSQL's programs, all of one version, in one directory. */
export interface Installation {
  readonly directory: string;
  /** As its programs print it: `15.13`. */
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

/** The directories that PG_BINDIR names, separated as those of PATH are. */
export function namedDirectories(binDirectories: string | undefined): string[] {
  return (binDirectories ?? '').split(delimiter).filter((directory) => directory !== '');
}

/**
 * All directories that have all of the programs: those that PG_BINDIR names, in its order, then the newest first.
 *
 * @param programs the first of them is asked its version
 */
export async function installations(
  binDirectories: string | undefined,
  programs: readonly [string, ...string[]],
): Promise<Installation[]> {
  const named = namedDirectories(binDirectories);
  const usual = new Set([...(await Promise.all(places.map(expand))).flat(), ...(await directoryOnPath(programs[0]))]);
  const look = async (directories: Iterable<string>) => {
    const all = await Promise.all([...directories].map((directory) => installationIn(directory, programs)));
    return all.filter((found) => found !== undefined);
  };
  const [preferred, others] = await Promise.all([look(named), look(usual)]);
  others.sort((a, b) => b.major - a.major || compareVersions(b.version, a.version));
  return [...preferred, ...others];
}

async function directoryOnPath(program: string): Promise<string[]> {
  const found = await findProgram(program);
  // Debian has a script there that looks for one of the others, which takes as long as all else before a backup.
  return found && basename(await realpath(found)) !== 'pg_wrapper' ? [dirname(found)] : [];
}

/** All installed servers, which drills restore into, in the same order. */
export function installedServers(binDirectories: string | undefined): Promise<Installation[]> {
  return installations(binDirectories, ['postgres', 'initdb']);
}

async function installationIn(
  directory: string,
  programs: readonly [string, ...string[]],
): Promise<Installation | undefined> {
  const there = await Promise.all(programs.map((program) => isExecutable(join(directory, program))));
  if (!there.every(Boolean)) return undefined;
  const { stdout, failed } = await execa(join(directory, programs[0]), ['--version'], {
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
