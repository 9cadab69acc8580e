import { execa } from 'execa';
import { OperatorError } from '../../core/errors.js';
import type { Settings } from '../../core/settings.js';
import { isBucket } from '../backup-media.js';
import { installedClients } from '../postgres/clients.js';
import { installedServers, namedDirectories } from '../postgres/installations.js';
import { childEnvironment } from '../streams/command.js';
import { findProgram } from '../streams/programs.js';
import { type Check, warn } from './check.js';

/** The programs that backups and restores are made with. */
export function programChecks(settings: Settings): Check[] {
  const wantsZstd = settings.BACKUP_COMPRESSION === 'zstd';
  return [
    { what: 'Node.js', run: async () => process.version },
    { what: 'pg_dump, psql, pg_restore', run: () => clients(settings) },
    { what: 'gzip', run: gzip },
    {
      what: 'zstd',
      run: async () =>
        numberIn(await version('zstd')) ??
        absent('zstd', 'apt-get install zstd', wantsZstd, 'backups with --compression zstd cannot be made or restored'),
    },
    ...(settings.MEDIA_ROOT && !isBucket(settings.MEDIA_ROOT) ? [{ what: 'GNU tar', run: tar }] : []),
  ];
}

async function clients({ PG_BINDIR }: Settings) {
  const found = await installedClients(PG_BINDIR);
  const text = found.map(({ version: number, directory }) => `${number} in ${directory}`).join(', ');
  const used = new Set([...found, ...(await installedServers(PG_BINDIR))].map(({ directory }) => directory));
  const useless = namedDirectories(PG_BINDIR).filter((directory) => !used.has(directory));
  if (found.length > 0 && useless.length > 0) {
    return warn(
      `${text}; PG_BINDIR names ${useless.join(', ')}, where no pg_dump with psql and no postgres with initdb is`,
      'Correct PG_BINDIR: the directories of the programs themselves, separated by colons.',
    );
  }
  if (found.length > 0) return text;
  throw new OperatorError(
    'CLIENT_MISSING',
    'no pg_dump was found',
    'apt-get install postgresql-client, or set PG_BINDIR to the directories that have it.',
  );
}

async function gzip() {
  const igzip = await findProgram('igzip');
  if (igzip) return `igzip in ${igzip}`;
  const pigz = await findProgram('pigz');
  const fix = 'apt-get install isal';
  return pigz
    ? warn(`only pigz is here: backups take longer than with igzip`, fix)
    : warn('neither igzip nor pigz is here: Node’s own gzip takes several times longer', fix);
}

async function tar() {
  for (const name of ['tar', 'gtar']) {
    const said = await version(name);
    if (said?.includes('GNU tar')) return said;
  }
  throw new OperatorError(
    'PROGRAM_MISSING',
    'GNU tar is not installed',
    'Install it: apt-get install tar, or brew install gnu-tar.',
  );
}

function absent(name: string, fix: string, needed: boolean, consequence: string) {
  if (needed) throw new OperatorError('PROGRAM_MISSING', `${name} is not installed`, `Install it: ${fix}.`);
  return warn(`${name} is not installed: ${consequence}`, fix);
}

/** `1.5.4` of `*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***`; all of it where it has no number. */
function numberIn(said: string | undefined): string | undefined {
  return said?.match(/\bv?(\d+(?:\.\d+)+)/)?.[1] ?? said;
}

/** The first line of what a program says of its version; undefined where it is not there. */
async function version(name: string): Promise<string | undefined> {
  const file = await findProgram(name);
  if (!file) return undefined;
  const { stdout } = await execa(file, ['--version'], { reject: false, env: childEnvironment(), extendEnv: false });
  return stdout.split('\n')[0] ?? name;
}
