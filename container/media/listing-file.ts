import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { messageOf, OperatorError } from '../../core/errors.js';
import { builtFile } from '../built.js';
import type { Command } from '../streams/command.js';
import { unnamedFile } from '../streams/unnamed-file.js';

/** Where a listing waits until its archive is stored. */
export class ListingFile {
  private pending = '';

  private constructor(private readonly file: FileHandle) {}

  /** @throws OperatorError SOURCE_FAILED */
  static async open(): Promise<ListingFile> {
    try {
      return new ListingFile(await unnamedFile('listing'));
    } catch (error) {
      throw listingFailed(messageOf(error), error);
    }
  }

  /** The program that an archive passes through on its way from tar, and that writes the listing here. */
  get filter(): Command {
    return {
      name: 'tar-listing',
      file: process.execPath,
      args: [builtFile('tar-listing.js')],
      files: [this.file.fd],
      explain: (stderr) => (/ENOSPC|EDQUOT|EIO/.test(stderr) ? listingFailed(firstError(stderr)) : undefined),
    };
  }

  /** Adds a line, where the archive is not made by a program. */
  async add(line: string): Promise<void> {
    this.pending += `${line}\n`;
    if (this.pending.length >= 64 * 1024) await this.flush();
  }

  /** All lines, from the first. Nothing may be added any more. */
  async read(): Promise<{ readonly stream: Readable; readonly bytes: number }> {
    await this.flush();
    const { size } = await this.file.stat();
    return { stream: createReadStream('', { fd: this.file.fd, start: 0, autoClose: false }), bytes: size };
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async flush(): Promise<void> {
    const lines = this.pending;
    this.pending = '';
    try {
      await this.file.writeFile(lines);
    } catch (error) {
      throw listingFailed(messageOf(error), error);
    }
  }
}

function firstError(stderr: string): string {
  return /^(?:\w*Error: .*)$/m.exec(stderr)?.[0] ?? stderr.trim();
}

function listingFailed(why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'SOURCE_FAILED',
    `the listing of the media files cannot be kept in ${tmpdir()}: ${why}`,
    'It needs some 150 bytes for each file there: make room, set TMPDIR, or do without it: BACKUP_FINGERPRINT=counts.',
    { cause },
  );
}
