import { OperatorError } from '../../core/errors.js';
import { RowsEnd } from './rows-end.js';

/** What a {@link SqlReader} tells of a script, in the script's order. */
export interface SqlHandler {
  /**
   * Whether a statement of which so much is read is kept until its end, for {@link statement} to get all of it. What is
   * not kept goes to {@link text} piece by piece, and so does what stands between statements.
   *
   * @param skeleton the statement so far without what is quoted, commented or in parentheses; empty where only a comment
   *   before it has been read, which belongs to it
   */
  holds(skeleton: string): boolean;
  text(piece: Buffer): void;
  /** A statement has ended. @param held its text, as far as it was kept */
  statement(skeleton: string, held: readonly Buffer[]): void;
  /** Rows of the COPY statement before. @param end whether they end here, the line `\.` included */
  rows(bytes: Buffer, end: boolean): void;
}

const code = (character: string) => character.charCodeAt(0);
const newline = code('\n');
const backslash = code('\\');
const semicolon = code(';');
const quote = code("'");
const doubleQuote = code('"');
const dollar = code('$');
const dash = code('-');
const slash = code('/');
const star = code('*');
const open = code('(');
const close = code(')');

/** What surrounds the byte that is read; the names of psql's own lexer are close to these. */
type Within = 'sql' | 'string' | 'escape string' | 'identifier' | 'dollar string' | 'line comment' | 'block comment';

const copyIn = /^copy\s.*\sfrom\s+stdin\b/is;
/** Switches what a backslash means in a plain string, for psql's own reading too. */
const stringSyntax = /^set\s+(?:session\s+|local\s+)?standard_conforming_strings\s*(?:=|\sto\s)\s*(\S+)/i;

/**
 * Reads a plain SQL dump the way psql does, in pieces of any size: statements and table rows. A dump is refused that has
 * a command of psql's such as `\!`; pg_dump's own pair of \restrict and \unrestrict is left out. So is one that ends in
 * the midst of a statement or of a table's rows, or whose last line is missing: psql takes a cut dump for a complete one.
 */
export class SqlReader {
  private within: Within = 'sql';
  /** Within a table's rows. */
  private rowsEnd: RowsEnd | undefined;
  private afterCopy = false;
  private depth = 0;
  private commentDepth = 0;
  private tag = '';
  private plainStringsEscape = false;
  /** The statement without what is quoted, commented or in parentheses. */
  private skeleton = '';
  /** The statement as it is, not passed on yet. */
  private held: Buffer[] = [];
  /** The part of a chunk that cannot be judged before the next one is there. */
  private rest: Buffer = Buffer.alloc(0);
  private offset = 0;
  private beginning = '';
  private ending = '';

  constructor(private readonly handle: SqlHandler) {}

  /**
   * @param chunk may be filled anew when this is done
   * @throws OperatorError ARCHIVE_UNSAFE
   */
  write(chunk: Buffer): void {
    if (this.beginning.length < 200) this.beginning += chunk.subarray(0, 200).toString('latin1');
    this.ending = (this.ending + chunk.subarray(-300).toString('latin1')).slice(-300);
    this.consume(this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk, false);
    this.held = this.held.map((piece) => (piece.buffer === chunk.buffer ? Buffer.from(piece) : piece));
  }

  /**
   * @param isPgDumps whether it must be pg_dump's; otherwise its first lines tell
   * @throws OperatorError ARCHIVE_CORRUPT where the script cannot end here
   */
  end(isPgDumps = /^(?:--.*\n)*-- PostgreSQL database dump$/m.test(this.beginning)): void {
    this.consume(this.rest, true);
    this.pass();
    if (this.rowsEnd) throw cut('in the midst of a table’s rows');
    if (this.within !== 'sql' && this.within !== 'line comment') throw cut(`inside a ${this.within}`);
    if (this.skeleton.trim() !== '') throw cut('in the midst of a statement');
    if (isPgDumps && !this.ending.includes('PostgreSQL database dump complete'))
      throw cut('before pg_dump’s last line');
  }

  private consume(chunk: Buffer, last: boolean): void {
    this.rest = Buffer.alloc(0);
    let at = 0;
    while (at < chunk.length) {
      const from = at;
      at = this.rowsEnd ? this.skipRows(chunk, at) : this.readSql(chunk, at, last);
      this.offset += at - from;
      if (at === from) {
        this.rest = Buffer.from(chunk.subarray(at)); // wait for more
        break;
      }
    }
  }

  /** Passes table rows through, up to the line `\.` or the end of the chunk. */
  private skipRows(chunk: Buffer, from: number): number {
    const end = this.rowsEnd?.find(chunk, from);
    this.handle.rows(chunk.subarray(from, end), end !== undefined);
    if (end !== undefined) this.rowsEnd = undefined;
    return end ?? chunk.length;
  }

  /** Reads SQL up to the end of a statement, or of what can be judged. Answers with the position behind it. */
  private readSql(chunk: Buffer, from: number, last: boolean): number {
    let at = from;
    while (at < chunk.length) {
      const byte = chunk[at] as number;
      if (this.within === 'sql') {
        if (byte === backslash) return this.readCommand(chunk, from, at, last);
        const opened = this.open(chunk, at, last);
        if (opened === 0) return this.keep(chunk, from, at);
        if (opened > 0) {
          at += opened;
          continue;
        }
        at += 1;
        if (byte === newline && this.afterCopy) {
          this.afterCopy = false;
          this.rowsEnd = new RowsEnd();
          this.keep(chunk, from, at);
          this.pass();
          return at;
        }
        if (byte === semicolon && this.depth === 0 && !this.isInRoutineBody()) {
          this.keep(chunk, from, at);
          this.endStatement();
          return at;
        }
        this.note(byte);
      } else {
        const behind = this.close(chunk, at, last);
        if (behind === at && this.isQuoting()) return this.keep(chunk, from, at);
        at = behind;
      }
    }
    return this.keep(chunk, from, at);
  }

  /** Between BEGIN ATOMIC and its END, semicolons end nothing; psql counts the same words. */
  private isInRoutineBody(): boolean {
    if (!/^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s/i.test(this.skeleton)) return false;
    const count = (words: RegExp) => this.skeleton.match(words)?.length ?? 0;
    return count(/\b(?:begin|case)\b/gi) > count(/\bend\b/gi);
  }

  private isQuoting(): boolean {
    return this.within !== 'sql';
  }

  /** Begins a quoted part or a comment. Answers with the length of what begins it, -1 for nothing, 0 for "need more". */
  private open(chunk: Buffer, at: number, last: boolean): number {
    const byte = chunk[at] as number;
    const begin = (within: Within, length: number) => {
      this.within = within;
      return length;
    };
    if (byte === quote)
      return begin(
        this.plainStringsEscape || /(?:^|[^a-z0-9_$"])e$/i.test(this.skeleton.slice(-2)) ? 'escape string' : 'string',
        1,
      );
    if (byte === doubleQuote) return begin('identifier', 1);
    if (byte !== dash && byte !== slash && byte !== dollar) return -1;
    if (at + 1 >= chunk.length) return last ? -1 : 0;
    if (byte === dash && chunk[at + 1] === dash) return begin('line comment', 2);
    if (byte === slash && chunk[at + 1] === star) {
      this.commentDepth = 1;
      return begin('block comment', 2);
    }
    if (byte !== dollar || /[a-z0-9_$\x80-\xff]$/i.test(this.skeleton.slice(-1))) return -1;
    const tag = /^\$(?:[a-z_\x80-\xff][a-z0-9_\x80-\xff]*)?\$/i.exec(chunk.subarray(at, at + 130).toString('latin1'));
    if (!tag)
      return last ||
        chunk.length - at >= 130 ||
        /^\$[^$]*[^$a-z0-9_\x80-\xff]/i.test(chunk.subarray(at, at + 130).toString('latin1'))
        ? -1
        : 0;
    this.tag = tag[0];
    return begin('dollar string', tag[0].length);
  }

  /** Reads on inside a quoted part or a comment. Answers with the position reached, `at` itself for "need more". */
  private close(chunk: Buffer, at: number, last: boolean): number {
    const done = (position: number) => {
      this.within = 'sql';
      return position;
    };
    switch (this.within) {
      case 'line comment': {
        const end = chunk.indexOf(newline, at);
        return end < 0 ? chunk.length : done(end); // the line's end is read as SQL
      }
      case 'block comment':
        return this.closeComment(chunk, at, last);
      case 'dollar string': {
        const end = chunk.indexOf(this.tag, at, 'latin1');
        if (end >= 0) {
          this.skeleton += "''";
          return done(end + this.tag.length);
        }
        return last ? chunk.length : Math.max(at, chunk.length - this.tag.length + 1);
      }
      case 'identifier': {
        const end = chunk.indexOf(doubleQuote, at);
        if (end < 0) return chunk.length;
        this.note(code('x'));
        return done(end + 1); // a doubled quote closes one and opens the next
      }
      default:
        return this.closeString(chunk, at, last, done);
    }
  }

  private closeString(chunk: Buffer, at: number, last: boolean, done: (position: number) => number): number {
    const escapes = this.within === 'escape string';
    if (!escapes) {
      // A doubled quote closes one and opens the next, which comes to the same.
      const end = chunk.indexOf(quote, at);
      if (end >= 0) this.skeleton += "''";
      return end < 0 ? chunk.length : done(end + 1);
    }
    for (let each = at; each < chunk.length; each += 1) {
      const byte = chunk[each];
      if (byte === quote) {
        this.skeleton += "''";
        if (each + 1 >= chunk.length && !last) return each;
        if (chunk[each + 1] !== quote) return done(each + 1);
        each += 1;
      } else if (byte === backslash) {
        if (each + 1 >= chunk.length && !last) return each;
        each += 1;
      }
    }
    return chunk.length;
  }

  private closeComment(chunk: Buffer, at: number, last: boolean): number {
    for (let each = at; each < chunk.length; each += 1) {
      if (each + 1 >= chunk.length && !last && (chunk[each] === star || chunk[each] === slash)) return each;
      if (chunk[each] === star && chunk[each + 1] === slash) {
        this.commentDepth -= 1;
        each += 1;
        if (this.commentDepth > 0) continue;
        this.within = 'sql';
        this.note(code(' '));
        return each + 1;
      }
      if (chunk[each] === slash && chunk[each + 1] === star) {
        this.commentDepth += 1;
        each += 1;
      }
    }
    return chunk.length;
  }

  /** A backslash outside of quotes: pg_dump's own pair is left out, everything else is refused. */
  private readCommand(chunk: Buffer, from: number, at: number, last: boolean): number {
    if (at > from) return this.keep(chunk, from, at);
    const end = chunk.indexOf(newline, at);
    if (end < 0 && !last && chunk.length - at < 1_000) return from;
    const line = chunk.subarray(at, end < 0 ? Math.min(chunk.length, at + 200) : end).toString('utf8');
    if (/^\\(?:un)?restrict [A-Za-z0-9]+\r?$/.test(line) && this.skeleton.trim() === '') {
      this.pass();
      return end < 0 ? chunk.length : end + 1;
    }
    throw new OperatorError(
      'ARCHIVE_UNSAFE',
      `the dump has a psql command at byte ${this.offset}: ${line.slice(0, 120)}`,
      'Such a command could run programs on this machine, so it is not restored. If you know where the file is from, remove the line and restore the result by hand with psql.',
    );
  }

  private note(byte: number): void {
    if (byte === open) this.depth += 1;
    else if (byte === close) this.depth = Math.max(0, this.depth - 1);
    else if (this.depth === 0 && (this.skeleton !== '' || byte > 32)) {
      this.skeleton += String.fromCharCode(byte);
    }
  }

  private keep(chunk: Buffer, from: number, to: number): number {
    if (to > from) this.held.push(chunk.subarray(from, to));
    if (!this.handle.holds(this.skeleton)) this.pass();
    return to;
  }

  private endStatement(): void {
    if (copyIn.test(this.skeleton)) this.afterCopy = true;
    const strings = stringSyntax.exec(this.skeleton)?.[1];
    if (strings !== undefined) this.plainStringsEscape = !/^(?:on|true|yes|1|default)$/i.test(strings);
    const { skeleton, held } = this;
    this.skeleton = '';
    this.held = [];
    this.handle.statement(skeleton, held);
  }

  private pass(): void {
    for (const part of this.held) this.handle.text(part);
    this.held = [];
  }
}

function cut(where: string): OperatorError {
  return new OperatorError(
    'ARCHIVE_CORRUPT',
    `the dump ends ${where}: it was cut short`,
    'Use another backup: respaldo list.',
  );
}
