/*
 * What GNU tar says of its work, with `--verbose --verbose --quoting-style=escape` in the C locale:
 * https://www.gnu.org/software/tar/manual/html_section/verbose.html
 */

/** One entry of an archive, as tar's listing shows it. */
export interface ListedEntry {
  /** `-` a file, `d` a folder, `l` a symbolic link, `h` another name of a file, `p` a pipe, `b` and `c` devices. */
  readonly type: string;
  readonly bytes: number;
  /** Below the root, without `./`; unescaped. */
  readonly name: string;
  /** Where a link leads. */
  readonly target: string | undefined;
}

/** A line of the listing; undefined for any other line. */
export function parseListedEntry(line: string): ListedEntry | undefined {
  const match = /^([-dlhpbcC])[-a-zA-Z+.]{9,10} +\S+ +(\d+)(?:, *\d+)? +\S+ \S+ (.*)$/s.exec(line);
  if (!match) return undefined;
  const [, type = '', bytes, rest = ''] = match;
  const separator = type === 'l' ? ' -> ' : type === 'h' ? ' link to ' : undefined;
  const cut = separator ? rest.indexOf(separator) : -1;
  return {
    type,
    bytes: type === '-' ? Number(bytes) : 0,
    name: withoutRoot(unescapeName(cut < 0 ? rest : rest.slice(0, cut))),
    target: separator && cut >= 0 ? unescapeName(rest.slice(cut + separator.length)) : undefined,
  };
}

/** What tar complains of: a file that was not or not wholly read, or one that it could not read at all. */
export interface Complaint {
  /** `passing`: the file vanished or changed, as files that are in use do. `unreadable`: the backup would lack it. */
  readonly weight: 'passing' | 'unreadable';
  readonly name: string;
  readonly text: string;
}

const passing: readonly [RegExp, string][] = [
  [/^(.*): File removed before we read it$/s, 'vanished before it was read'],
  [/^(.*): file changed as we read it$/s, 'changed while it was read'],
  [/^(.*): File shrank by \d+ bytes; padding with zeros$/s, 'shrank while it was read, and ends in zeros'],
  [/^(.*): socket ignored$/s, 'is a socket, and left out'],
  [/^(.*): Unknown file type; file ignored$/s, 'is of an unknown type, and left out'],
];

/** A complaint in a line of tar's standard error; undefined for any other line. */
export function parseComplaint(line: string): Complaint | undefined {
  const said = /^\S*tar: (.*)$/s.exec(line)?.[1];
  if (said === undefined) return undefined;
  for (const [pattern, text] of passing) {
    const match = pattern.exec(said);
    if (match) return { weight: 'passing', name: withoutRoot(unescapeName(match[1] ?? '')), text };
  }
  const match = /^(.*): (?:Cannot [a-z]+|Read error[^:]*): (.*)$/s.exec(said);
  if (!match) return undefined;
  return {
    weight: 'unreadable',
    name: withoutRoot(unescapeName(match[1] ?? '')),
    text: (match[2] ?? '').toLowerCase(),
  };
}

const escapes: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '\\': 92, ' ': 32 };

/** `\303\274\n` and the like as text again. Bytes that are no UTF-8 show as replacement characters. */
function unescapeName(escaped: string): string {
  if (!escaped.includes('\\')) return escaped;
  const bytes: Buffer[] = [];
  for (const part of escaped.match(/\\[0-7]{3}|\\.|[^\\]+|\\/gs) ?? []) {
    if (/^\\[0-7]{3}$/.test(part)) bytes.push(Buffer.from([Number.parseInt(part.slice(1), 8)]));
    else if (part.startsWith('\\') && part.length > 1)
      bytes.push(Buffer.from([escapes[part[1] ?? ''] ?? part.charCodeAt(1)]));
    else bytes.push(Buffer.from(part));
  }
  return Buffer.concat(bytes).toString('utf8');
}

function withoutRoot(name: string): string {
  return name.replace(/^\.\//, '').replace(/\/$/, '') || '.';
}
