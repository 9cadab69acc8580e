import { createWriteStream } from 'node:fs';
import {
  chmod,
  chown,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, OperatorError } from '../../core/errors.js';
import { insidePath, leadsOut } from '../../core/media/tar-path.js';
import { shownName, type TarEntry, tarEntries } from './tar-entries.js';

export interface ExtractOptions {
  /** An empty folder of the caller's own. Nothing is written outside of it. */
  readonly folder: string;
  /** What a manifest says that is in the archive; more is refused as soon as it shows. Undefined where there is none. */
  readonly expected: { readonly files: number; readonly bytes: number } | undefined;
}

export interface Extracted {
  readonly files: number;
  readonly bytes: number;
  /** What was left out, and why. */
  readonly warnings: readonly string[];
}

/** Files up to this size are read whole and written several at a time; larger ones one after the other. */
const smallFile = 1024 * 1024;
const concurrency = 16;

/**
 * Extracts a tar that nobody vouches for having made well: every name is checked, links are made last, so that nothing is
 * ever written through one, and the sizes are bounded. Keeps modes, times, links, and as root owners.
 *
 * @throws OperatorError ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, COMPARISON_DIFFERS, STORAGE_FULL or RESTORE_FAILED
 */
export async function extractTar(source: Readable, options: ExtractOptions): Promise<Extracted> {
  const extraction = new Extraction(options);
  try {
    for await (const entry of tarEntries(source)) await extraction.take(entry);
    return await extraction.finish();
  } catch (error) {
    await extraction.settle();
    throw restoreError(error);
  }
}

/** A folder, file or link of the archive. Its path is in Latin-1. */
interface Item {
  readonly path: readonly string[];
  readonly entry: TarEntry;
}

class Extraction {
  private files = 0;
  private bytes = 0;
  private readonly warnings: string[] = [];
  private readonly made = new Set<string>(['']);
  private readonly folders: Item[] = [];
  private readonly hardLinks: Item[] = [];
  private readonly symbolicLinks: Item[] = [];
  private readonly writing = new Set<Promise<void>>();
  private failure: unknown;

  constructor(private readonly options: ExtractOptions) {}

  async take(entry: TarEntry): Promise<void> {
    const path = insidePath(entry.name);
    if (!path) throw unsafe(entry, 'would be written outside of the folder');
    if (Object.keys(entry.pax).some((key) => key.startsWith('GNU.sparse.'))) {
      throw unsafe(entry, 'is a sparse file, which is not restored');
    }
    if (entry.type === 'file' || entry.type === 'contiguous-file' || entry.type === 'link') this.count(entry);
    switch (entry.type) {
      case 'directory':
        await this.makeFolder(path);
        this.folders.push({ path, entry });
        break;
      case 'file':
      case 'contiguous-file':
        if (path.length === 0) throw unsafe(entry, 'would replace the folder itself');
        await this.makeFolder(path.slice(0, -1));
        await this.write(entry, path);
        break;
      case 'link':
      case 'symlink':
        if (path.length === 0) throw unsafe(entry, 'would replace the folder itself');
        this.takeLink({ path, entry });
        break;
      case 'fifo':
        this.warnings.push(`${shownName(entry.name)} is a pipe, and left out`);
        break;
      default:
        throw unsafe(entry, `is ${entry.type?.includes('device') ? 'a device' : 'of an unknown type'}`);
    }
    if (this.failure) throw this.failure;
  }

  /** Makes the links, and gives folders their modes and times, which would not have outlived what was put into them. */
  async finish(): Promise<Extracted> {
    await this.settle();
    if (this.failure) throw this.failure;
    const symbolic = new Map(this.symbolicLinks.map((item) => [item.path.join('/'), item]));
    for (const item of this.hardLinks) {
      const target = insidePath(item.entry.link) ?? [];
      await this.makeFolder(item.path.slice(0, -1));
      const sameLink = symbolic.get(target.join('/'));
      if (sameLink) this.symbolicLinks.push({ path: item.path, entry: sameLink.entry });
      else await this.place(item, (at) => link(this.pathOf(target), at));
    }
    for (const item of this.symbolicLinks) {
      await this.makeFolder(item.path.slice(0, -1));
      await this.place(item, (at) => symlink(Buffer.from(item.entry.link, 'latin1'), at));
      const at = this.pathOf(item.path);
      if (process.getuid?.() === 0) await lchown(at, item.entry.uid, item.entry.gid);
      await lutimes(at, item.entry.mtime, item.entry.mtime);
    }
    for (const { path, entry } of this.folders.toSorted((a, b) => b.path.length - a.path.length)) {
      await this.dress(this.pathOf(path), entry);
    }
    return { files: this.files, bytes: this.bytes, warnings: this.warnings };
  }

  /** Waits for what is being written; never rejects. */
  async settle(): Promise<void> {
    await Promise.all(this.writing);
  }

  private count(entry: TarEntry): void {
    this.files += 1;
    if (entry.type !== 'link') this.bytes += entry.bytes;
    const { expected } = this.options;
    if (!expected || (this.files <= expected.files && this.bytes <= expected.bytes)) return;
    throw new OperatorError(
      'COMPARISON_DIFFERS',
      `the archive holds more than the ${expected.files} files of ${expected.bytes} bytes that its manifest tells of`,
      'What is there now is as it was. Use another backup (respaldo list) and find out who changed this one.',
    );
  }

  private takeLink({ path, entry }: Item): void {
    const target = entry.link;
    if (entry.type === 'link') {
      if (!insidePath(target)?.length)
        throw unsafe(entry, `is a link to ${JSON.stringify(target)}, outside of the folder`);
      this.hardLinks.push({ path, entry });
      return;
    }
    if (leadsOut(path, target)) {
      // The folder's own link when somebody vouches for it; somebody's attack, perhaps, where nobody does.
      if (!this.options.expected) throw unsafe(entry, `is a link to ${JSON.stringify(target)}, outside of the folder`);
      this.warnings.push(`${shownName(entry.name)} is a link to ${JSON.stringify(target)}, outside of the folder`);
    }
    this.symbolicLinks.push({ path, entry });
  }

  private async makeFolder(path: readonly string[]): Promise<void> {
    for (let depth = 1; depth <= path.length; depth += 1) {
      const part = path.slice(0, depth);
      const key = part.join('/');
      if (this.made.has(key)) continue;
      try {
        await mkdir(this.pathOf(part), { mode: 0o700 });
      } catch (error) {
        if (codeOf(error) !== 'EEXIST' || !(await lstat(this.pathOf(part))).isDirectory()) {
          throw codeOf(error) === 'EEXIST' ? leadsThrough(path, part) : error;
        }
      }
      this.made.add(key);
    }
  }

  private async write(entry: TarEntry, path: readonly string[]): Promise<void> {
    const at = this.pathOf(path);
    if (entry.bytes > smallFile) {
      await this.replacing(at, () => pipeline(entry.body, createWriteStream(at, { flags: 'wx', mode: 0o600 })));
      await this.dress(at, entry);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of entry.body) chunks.push(chunk);
    const task: Promise<void> = this.replacing(at, () =>
      writeFile(at, Buffer.concat(chunks), { flag: 'wx', mode: 0o600 }),
    )
      .then(() => this.dress(at, entry))
      .catch((error) => {
        this.failure ??= error;
      })
      .then(() => {
        this.writing.delete(task);
      });
    this.writing.add(task);
    if (this.writing.size >= concurrency) await Promise.race(this.writing);
  }

  /** A name that comes twice is the later one's, as with any tar. */
  private async replacing(at: Buffer, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      await unlink(at);
      await write();
    }
  }

  private async place(item: Item, make: (at: Buffer) => Promise<void>): Promise<void> {
    const at = this.pathOf(item.path);
    try {
      await this.replacing(at, () => make(at));
    } catch (error) {
      if (codeOf(error) === 'EISDIR' || codeOf(error) === 'EPERM')
        throw unsafe(item.entry, 'is a link and a folder at once');
      if (codeOf(error) === 'ENOENT') throw unsafe(item.entry, 'is a link to a file that is not in the archive');
      throw error;
    }
  }

  private async dress(at: Buffer, entry: TarEntry): Promise<void> {
    if (process.getuid?.() === 0) await chown(at, entry.uid, entry.gid);
    // Who may run a file as somebody else is not for an archive to say that nobody vouches for.
    await chmod(at, entry.mode & (this.options.expected ? 0o7777 : 0o1777));
    await utimes(at, entry.mtime, entry.mtime);
  }

  private pathOf(path: readonly string[]): Buffer {
    return Buffer.concat([Buffer.from(this.options.folder), Buffer.from(`/${path.join('/')}`, 'latin1')]);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

function unsafe(entry: TarEntry, why: string): OperatorError {
  return new OperatorError(
    'ARCHIVE_UNSAFE',
    `the archive is not restored: ${shownName(entry.name)} ${why}`,
    'Nothing was written outside of the folder, and what is there now is as it was. Find out where the file is from.',
  );
}

function leadsThrough(path: readonly string[], part: readonly string[]): OperatorError {
  const text = (parts: readonly string[]) => JSON.stringify(Buffer.from(parts.join('/'), 'latin1').toString('utf8'));
  return new OperatorError(
    'ARCHIVE_UNSAFE',
    `the archive is not restored: ${text(path)} leads through ${text(part)}, which is no folder`,
    'Nothing was written outside of the folder, and what is there now is as it was. Find out where the file is from.',
  );
}

function restoreError(error: unknown): unknown {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new OperatorError(
      'STORAGE_FULL',
      `the disk is full: ${messageOf(error)}`,
      'What is there now is as it was. Make room for the restored files beside it, or use --into with a larger disk.',
      { cause: error },
    );
  }
  if (code !== undefined && /^E[A-Z]+$/.test(code)) {
    return new OperatorError(
      'RESTORE_FAILED',
      `a file could not be written: ${messageOf(error)}`,
      'What is there now is as it was. Mend what it says, or restore elsewhere with --into.',
      { cause: error },
    );
  }
  return error;
}
