/*
 * The listing beside a media archive: one JSON line for each entry, in the archive's order. What a restore must bring
 * back is in it, so two archives are equal exactly when their lines are.
 */

/** What a line is made from. Names are bytes, one Latin-1 character a byte. */
export interface ListableEntry {
  readonly name: string;
  readonly type: string | undefined;
  readonly bytes: number;
  readonly mode: number;
  /** Where a link leads. */
  readonly link: string;
}

/** A line, read. */
interface ListingEntry {
  /** Below the root, without `./`; `.` is the root itself. See {@link shownBytes}. */
  readonly path: string;
  /** `file`, `directory`, `symlink`, `link` (another name of a file), `fifo`. */
  readonly type: string;
  readonly size: number;
  /** Rights in octal, as chmod takes them. */
  readonly mode: string;
  /** Of a link: where it leads. */
  readonly target?: string;
  /** Of a file: of its bytes, in lower-case hexadecimal. */
  readonly sha256?: string;
}

/** One line, without its end. */
export function listingLine(entry: ListableEntry, sha256: string | undefined): string {
  return JSON.stringify(listingEntry(entry, sha256));
}

export function isFile({ type }: Pick<ListableEntry, 'type'>): boolean {
  return type === 'file' || type === 'contiguous-file';
}

function listingEntry(entry: ListableEntry, sha256: string | undefined): ListingEntry {
  const { name, type = 'unknown', bytes, mode, link } = entry;
  return {
    path: shownBytes(belowRoot(name, type)),
    type: isFile(entry) ? 'file' : type,
    size: bytes,
    mode: (mode & 0o7777).toString(8).padStart(4, '0'),
    ...(type === 'link' ? { target: shownBytes(belowRoot(link, type)) } : {}),
    ...(type === 'symlink' ? { target: shownBytes(link) } : {}),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

/** A file's name may well end in a slash where it was an object's key. */
function belowRoot(name: string, type: string): string {
  const below = name.startsWith('./') ? name.slice(2) : name;
  return (type === 'directory' && below.endsWith('/') ? below.slice(0, -1) : below) || '.';
}

const textOrByte =
  /(?:[^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+|[\x80-\xff]/g;

/**
 * Bytes (in Latin-1) as text that can be turned back: UTF-8 as what it says, `\\` for a backslash, `\xff` for a byte that
 * is no UTF-8.
 */
function shownBytes(bytes: string): string {
  if (/^[^\\\x80-\xff]*$/.test(bytes)) return bytes;
  return bytes.replaceAll('\\', '\\\\').replace(textOrByte, (part) => {
    const isByte = part.length === 1 && part >= '\x80';
    return isByte ? `\\x${part.charCodeAt(0).toString(16)}` : Buffer.from(part, 'latin1').toString('utf8');
  });
}

/** How many differences are remembered; so many wrong entries tell enough. */
const mostPending = 1_000;

/**
 * Compares an archive with its listing while both are read. Honest ones go in step; what has no counterpart yet waits for
 * it, and what is left waiting in the end is missing or too many. Memory does not grow with the archive.
 */
export class ListingComparison {
  private readonly listed = new Map<string, string>();
  private readonly found = new Map<string, string>();
  private readonly different: string[] = [];
  private more = 0;

  /** Takes the next line of the listing, or of the archive; undefined where there is none any more. */
  take(listed: string | undefined, found: string | undefined): void {
    if (listed === found) return;
    if (listed !== undefined) this.match(listed, this.found, this.listed, (other) => [listed, other]);
    if (found !== undefined) this.match(found, this.listed, this.found, (other) => [other, found]);
  }

  /** One line each; empty where all is equal. To be asked for when everything was taken. */
  get differences(): string[] {
    const names = (lines: Map<string, string>) => [...lines.keys()].map((path) => JSON.stringify(path));
    return [
      ...this.different,
      ...names(this.listed).map((name) => `${name} is missing`),
      ...names(this.found).map((name) => `${name} was not backed up`),
      ...(this.more > 0 ? [`and ${this.more} more`] : []),
    ];
  }

  private match(
    line: string,
    others: Map<string, string>,
    own: Map<string, string>,
    pair: (other: string) => [listed: string, found: string],
  ): void {
    const { path } = JSON.parse(line) as ListingEntry;
    const other = others.get(path);
    if (other !== undefined) {
      others.delete(path);
      if (other !== line) this.note(difference(...pair(other)));
    } else if (own.size < mostPending && !own.has(path)) own.set(path, line);
    else this.more += 1;
  }

  private note(text: string): void {
    if (this.different.length < mostPending) this.different.push(text);
    else this.more += 1;
  }
}

/** What two lines of one path differ in. */
function difference(listedLine: string, foundLine: string): string {
  const [listed, found] = [listedLine, foundLine].map((line) => JSON.parse(line) as ListingEntry);
  const name = JSON.stringify(listed?.path);
  for (const what of ['type', 'size', 'mode', 'target'] as const) {
    if (listed?.[what] !== found?.[what]) return `${name}: its ${what} is ${found?.[what]}, not ${listed?.[what]}`;
  }
  return `${name}: its ${listed?.size} bytes are not the ones that were backed up`;
}
