import { openings, sentences } from './server-sentences.js';

/**
 * What a server has said, or a program in its name. A server quotes rows: the key that is there twice, the value that is
 * no number. Those are for the person who is at work on it, and for nothing that is kept or sent.
 */
export interface Said {
  /** Without what may come out of a row, which `[…]` stands for. For events, records, and logs that machines read. */
  readonly told: string;
  /** In full. For the terminal alone. */
  readonly inFull: string;
}

/** The fields of a server's error: https://www.postgresql.org/docs/current/protocol-error-fields.html */
export interface ServerError {
  readonly message: string;
  /** SQLSTATE. */
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly where?: string | undefined;
}

const withheld = '[…]';

/** Whether something thrown is an error of the server's, as the driver makes them. */
export function isServerError(error: unknown): error is Error & ServerError {
  const { severity, code } = (error ?? {}) as { severity?: unknown; code?: unknown };
  return error instanceof Error && typeof severity === 'string' && /^[0-9A-Z]{5}$/.test(String(code));
}

/**
 * Connections, names, rights, resources, locks, shutdowns, files: errors of these classes are raised before a row is
 * looked at. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const withoutRows = /^(?:08|0A|25|28|2B|3D|3F|40|42|53|54|55|57|58)/;

/** What an error of the server's says. */
export function saidByServer({ message, code = '', detail, hint, where }: ServerError): Said {
  // Whatever its class, a function that raised it may have said anything.
  const told = !where && withoutRows.test(code) ? message : tell(message);
  const at = copyPlace(where ?? '');
  const more = [at, told.includes(withheld) && code && `SQLSTATE ${code}`].filter(Boolean).join(', ');
  const inFull = [detail, where?.slice(0, 500), hint].filter(Boolean).map((text) => ` (${text})`);
  return { told: more ? `${told} (${more})` : told, inFull: `${message}${inFull.join('')}` };
}

/** What a program that spoke with a server wrote to standard error: its last lines in full, and what its error tells. */
export function saidByProgram(stderr: string, lastLines: number): Said {
  const lines = stderr.trim().split('\n');
  const first = lines.findIndex((line) => /ERROR|FATAL|PANIC|error:/.test(line));
  return separate(lines.slice(Math.max(0, first)).join('\n'), lines.slice(-lastLines).join('\n  '));
}

/** @param inFull what is shown of it, where that is not all */
export function separate(text: string, inFull = text): Said {
  const lines = text.trim().split('\n');
  const told: string[] = [];
  for (const line of lines) {
    const words = tell(line.trim());
    told.push(words);
    if (words.endsWith(withheld)) break; // a value may go on over lines, and look like anything
  }
  const at = copyPlace(text);
  return { told: `${told.join('\n  ')}${at ? ` (${at})` : ''}`, inFull };
}

/** One line, as far as it is known to quote nothing. */
function tell(line: string): string {
  let told = '';
  let at = 0;
  const opening = new RegExp(openings.join('|'), 'y');
  for (;;) {
    opening.lastIndex = at;
    const found = opening.exec(line)?.[0];
    if (!found) break;
    told += found;
    at += found.length;
  }
  for (const { begins, told: instead } of at < line.length ? sentences : []) {
    begins.lastIndex = at;
    const found = begins.exec(line);
    if (!found) continue;
    told += instead === undefined ? found[0] : instead.replace(/\$(\d)/g, (_, group) => found[Number(group)] ?? '');
    at += found[0].length;
    break;
  }
  const rest = line.slice(at);
  if (/^\.?$/.test(rest)) return told;
  return `${told}${told === '' || told.endsWith(' ') ? '' : rest.startsWith(':') ? ': ' : ' '}${withheld}`;
}

/** Where in its input a COPY stopped: table, line and column, without the value that comes after. */
function copyPlace(where: string): string | undefined {
  return /^(?:CONTEXT:\s+)?(COPY [\w$."]{1,200}, line \d+(?:, column [\w$]{1,63}(?=[:,\n]|$))?)/m.exec(where)?.[1];
}
