import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { messageOf, OperatorError } from '../../core/errors.js';
import { builtFile } from '../built.js';
import type { Command } from '../streams/command.js';
import { linesOf } from '../streams/lines.js';
import { unnamedFile } from '../streams/unnamed-file.js';
import { keyOf, type RawName } from './copy-target.js';
import { untrueDump } from './untrue-dump.js';

/** What dump-rows.ts begins its verdict with, where it finds that a dump is not whole. */
export const verdict = 'untrue: ';

/** What a dump has of one table. */
export interface DumpedTable extends RawName {
  readonly rows: number;
  /** Of the rows' XXH64 (seed 0), each with its newline, modulo 2^64, in decimal; 0 where they were only counted. */
  readonly sum: string;
}

/** What a dump is found to have on its way from pg_dump to the compressor. */
export class DumpedRows {
  private constructor(
    private readonly file: FileHandle,
    private readonly pgDump: string,
  ) {}

  /**
   * @param pgDump its path, for messages
   * @throws OperatorError SOURCE_FAILED
   */
  static async open(pgDump: string): Promise<DumpedRows> {
    try {
      return new DumpedRows(await unnamedFile('rows'), pgDump);
    } catch (error) {
      throw unkept(messageOf(error), error);
    }
  }

  /** The program that the dump passes through. It fails where the dump ends before its end. */
  filter(mode: 'full' | 'counts', format: 'plain' | 'custom'): Command {
    return {
      name: 'dump-rows',
      file: process.execPath,
      args: [builtFile('dump-rows.js'), mode, format],
      files: [this.file.fd],
      explain: (stderr) => {
        if (stderr.startsWith(verdict)) return this.untrue(stderr.slice(verdict.length).trim());
        return /ENOSPC|EDQUOT|EIO/.test(stderr) ? unkept(stderr.trim()) : undefined;
      },
    };
  }

  /** What the dump has of each table, by its {@link keyOf name}; to be called when the filter has ended. */
  async read(): Promise<ReadonlyMap<string, DumpedTable>> {
    const tables = new Map<string, DumpedTable>();
    for await (const line of linesOf(createReadStream('', { fd: this.file.fd, start: 0, autoClose: false }))) {
      const table: DumpedTable = JSON.parse(line);
      tables.set(keyOf(table), table);
    }
    return tables;
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** For a dump that has something else than the server. */
  untrue(what: string): OperatorError {
    return untrueDump(this.pgDump, what);
  }
}

function unkept(why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'SOURCE_FAILED',
    `what the dump has of each table cannot be kept in ${tmpdir()}: ${why}`,
    'It needs some 150 bytes for each table there: make room, set TMPDIR, or do without it: BACKUP_FINGERPRINT=off.',
    { cause },
  );
}
