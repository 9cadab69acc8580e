import type { Compression } from '../../core/archive-name.js';
import { OperatorError } from '../../core/errors.js';
import { builtFile } from '../built.js';
import type { Command } from './command.js';
import { findProgram } from './programs.js';

export interface Compressor {
  readonly command: Command;
  /** Set where a slower program had to do: what to install. */
  readonly notice?: string;
}

/**
 * Chooses the program that compresses, undefined for none. For gzip: igzip, which takes a twelfth of gzip's processor time and writes
 * ordinary .gz; else pigz; else Node's zlib in a process of its own.
 *
 * @throws OperatorError PROGRAM_MISSING where zstd is asked for and not there
 */
export async function chooseCompressor(
  method: Compression,
  level: number | undefined,
): Promise<Compressor | undefined> {
  if (method === 'none') return undefined;
  if (method === 'zstd') {
    const chosen = level ?? 1;
    // One thread keeps up with pg_dump at the fast levels; more would only take processor time from it.
    const threads = chosen > 3 ? ['-T0'] : [];
    // Doubly verbose, it tells the exact number of bytes that it read.
    return { command: await zstd(['-vv', '--no-progress', `-${chosen}`, ...threads, '-c']) };
  }
  const igzip = await findProgram('igzip');
  if (igzip && (level === undefined || level <= 3)) {
    return { command: { name: 'igzip', file: igzip, args: [`-${level ?? 3}`, '-c'] } };
  }
  const pigz = await findProgram('pigz');
  if (pigz) return { command: { name: 'pigz', file: pigz, args: [`-${level ?? 6}`, '-c'] } };
  return {
    command: gzipWorker('compress', String(level ?? 6)),
    notice:
      'neither igzip nor pigz is installed: compressing with Node’s zlib, several times slower (apt-get install isal)',
  };
}

/** @throws OperatorError PROGRAM_MISSING where zstd is needed and not there */
export async function decompressor(method: Exclude<Compression, 'none'>): Promise<Command> {
  if (method === 'zstd') return corruptWhenFailed(await zstd(['-dqc']));
  for (const name of ['igzip', 'pigz', 'gzip']) {
    const file = await findProgram(name);
    if (file) return corruptWhenFailed({ name, file, args: ['-dc'] });
  }
  return corruptWhenFailed(gzipWorker('decompress'));
}

function gzipWorker(...args: readonly string[]): Command {
  return { name: 'gzip', file: process.execPath, args: [builtFile('gzip-worker.js'), ...args] };
}

async function zstd(args: readonly string[]): Promise<Command> {
  const file = await findProgram('zstd');
  if (file) return { name: 'zstd', file, args };
  throw new OperatorError(
    'PROGRAM_MISSING',
    'zstd is not installed',
    'Install it (apt-get install zstd), or use gzip: --compression gzip.',
  );
}

function corruptWhenFailed(command: Command): Command {
  return {
    ...command,
    explain: (stderr) =>
      new OperatorError(
        'ARCHIVE_CORRUPT',
        `the archive cannot be decompressed: ${stderr.trim().split('\n').at(-1) ?? ''}`,
        'The archive is damaged or cut short. Use another backup: respaldo list.',
      ),
  };
}
