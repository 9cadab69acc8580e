import { realpath, stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf, OperatorError } from '../../core/errors.js';
import { insidePath, leadsOut } from '../../core/media/tar-path.js';
import { type Complaint, type ListedEntry, parseComplaint, parseListedEntry } from '../../core/media/tar-words.js';
import { currentUser } from '../current-user.js';
import type { Command } from '../streams/command.js';
import { runPipe } from '../streams/pipe.js';
import { findProgram } from '../streams/programs.js';

/** What a restore leaves inside a folder that it cannot replace as a whole begins so, and is never backed up. */
export const ownPrefix = '.respaldo-';

/** How many names an error or the manifest spells out. */
const named = 10;
const recorded = 1_000;

/** A folder to be archived. */
export interface MediaFolder {
  readonly root: string;
  /** As in tar's `--exclude`. */
  readonly exclude: readonly string[];
  /** Folders that are not part of it although they may lie in it: where the backups go. */
  readonly without: readonly string[];
}

/** What an archive holds, counted while tar lists it. */
export class Count {
  files = 0;
  bytes = 0;
  folders = 0;
  links = 0;
  readonly devices: string[] = [];
  /** Symbolic links to outside of the root: what they lead to is not in the archive. */
  readonly outward: string[] = [];
  private readonly complaints: string[] = [];
  private readonly unreadable: string[] = [];
  private more = 0;
  private unread = 0;

  /** Takes a line of tar's listing or of its complaints. */
  readonly line = (line: string): void => {
    const entry = parseListedEntry(line);
    const complaint = entry ? undefined : parseComplaint(line);
    if (entry) this.entry(entry);
    if (complaint) this.complaint(complaint);
  };

  warn(text: string): void {
    if (this.complaints.length < recorded) this.complaints.push(text);
    else this.more += 1;
  }

  get warnings(): string[] {
    return [...this.complaints, ...(this.more > 0 ? [`and ${this.more} more`] : [])];
  }

  /** The error that unreadable files are; undefined where all could be read. */
  unreadableError(root: string): OperatorError | undefined {
    if (this.unread === 0) return undefined;
    const rest = this.unread - this.unreadable.length;
    return new OperatorError(
      'MEDIA_UNREADABLE',
      `backup of ${root} not taken: ${this.unread} ${this.unread === 1 ? 'file or folder' : 'files or folders'} cannot be read:\n  ${this.unreadable.join('\n  ')}${rest > 0 ? `\n  and ${rest} more` : ''}`,
      `Give ${currentUser} the right to read them (chmod -R g+rX, or a group), or leave them out with --exclude.`,
    );
  }

  private complaint({ weight, name, text }: Complaint): void {
    if (weight === 'unreadable') {
      this.unread += 1;
      if (this.unreadable.length < named) this.unreadable.push(`${JSON.stringify(name)}: ${text}`);
    } else this.warn(`${JSON.stringify(name)} ${text}`);
  }

  private entry({ type, bytes, name, target }: ListedEntry): void {
    this.bytes += bytes;
    if (type === '-' || type === 'h') this.files += 1;
    else if (type === 'd') this.folders += 1;
    else if (type === 'b' || type === 'c') this.devices.push(name);
    else if (type === 'p') this.warn(`${JSON.stringify(name)} is a pipe: restores leave it out`);
    else this.links += 1;
    if (type === 'l' && this.outward.length < named && leadsOut(insidePath(name) ?? [], target ?? ''))
      this.outward.push(name);
  }
}

/** @throws OperatorError MEDIA_MISSING or MEDIA_UNREADABLE */
export async function assertFolder(root: string): Promise<void> {
  let what = 'is no directory';
  try {
    const isFolder = (await stat(root)).isDirectory();
    // A restore would move the whole system away.
    if (isFolder && (await realpath(root)) === '/') what = 'is the root of the file system';
    else if (isFolder) return;
  } catch (error) {
    what = messageOf(error);
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new OperatorError(
        'MEDIA_UNREADABLE',
        `MEDIA_ROOT ${root} cannot be read: ${what}`,
        `Give ${currentUser} the right to read it.`,
      );
    }
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') what = 'is not there';
  }
  throw new OperatorError(
    'MEDIA_MISSING',
    `MEDIA_ROOT ${root} ${what}`,
    'Correct MEDIA_ROOT; in a container, see that the volume is mounted.',
  );
}

/**
 * Walks the folder without reading any file: about how much there is, and what a backup of it would stumble over.
 *
 * @throws OperatorError MEDIA_UNREADABLE
 */
export async function survey(folder: MediaFolder, signal: AbortSignal): Promise<Count> {
  const count = new Count();
  const command = await tar(folder, '/dev/null', count);
  await runPipe([command], { output: (stdout) => eachLine(stdout, count.line), signal });
  if (count.devices.length === 0) return count;
  throw new OperatorError(
    'MEDIA_UNREADABLE',
    `backup of ${folder.root} not taken: it holds devices: ${count.devices.slice(0, named).join(', ')}`,
    'Devices are no media files. Leave them out with --exclude.',
  );
}

/** The program that writes the archive. Files that vanish or change while it works are counted, not failures. */
export function tarCommand(folder: MediaFolder, count: Count): Promise<Command> {
  return tar(folder, '-', count);
}

async function tar({ root, exclude, without }: MediaFolder, file: string, count: Count): Promise<Command> {
  const inside = without.map((path) => relative(root, resolve(path))).filter((path) => !/^(?:$|\.\.|\/)/.test(path));
  return {
    name: 'tar',
    file: await gnuTar(),
    args: [
      ...['--create', `--file=${file}`, '--format=gnu', '--numeric-owner', '--blocking-factor=128'],
      ...['--verbose', '--verbose', '--quoting-style=escape', `--directory=${root}`],
      ...['--anchored', '--no-wildcards', ...inside.map((path) => `--exclude=./${path}`)],
      ...['--wildcards', `--exclude=./${ownPrefix}*`, '--no-anchored'],
      ...exclude.map((pattern) => `--exclude=${pattern}`),
      ...['--', '.'],
    ],
    env: { LC_ALL: 'C' },
    tolerated: [1],
    onStderrLine: count.line,
    explain: (stderr) => count.unreadableError(root) ?? tarFailed(stderr),
  };
}

/** What tar said, without its listing. */
function tarFailed(stderr: string): OperatorError {
  const said = stderr.split('\n').filter((line) => /^\S*tar: /.test(line));
  return new OperatorError(
    'SOURCE_FAILED',
    `tar failed: ${said.slice(-5).join('\n  ') || 'it did not say why'}`,
    'Mend what it says and run again; nothing was stored. It must be GNU tar: "respaldo doctor" looks.',
  );
}

/** @throws OperatorError PROGRAM_MISSING */
async function gnuTar(): Promise<string> {
  // On macOS and the BSDs, where tar is another program, GNU's is called gtar.
  const file = (await findProgram('gtar')) ?? (await findProgram('tar'));
  if (file) return file;
  throw new OperatorError(
    'PROGRAM_MISSING',
    'GNU tar is not installed',
    'Install it: apt-get install tar, or brew install gnu-tar.',
  );
}

async function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream })) take(line);
}
