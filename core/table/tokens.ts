/** A word of SQL, where it stands, and how deep in parentheses. */
export interface Token {
  readonly type: 'word' | 'identifier' | 'string' | 'symbol';
  /** A word in lower case, an identifier without its quotes, everything else as it is written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

const spaceOrComment = /(?:\s+|--[^\n]*|\/\*.*?\*\/)+/sy;
const shapes: readonly [Token['type'], RegExp][] = [
  ['string', /[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|(?:[bBxXnN]|[uU]&)?'[^']*(?:''[^']*)*'/sy],
  ['string', /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$.*?\$\1\$/sy],
  ['identifier', /"[^"]*(?:""[^"]*)*"/sy],
  ['word', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['symbol', /\d[\w.]*|::|./sy],
];

/** The words of a statement. What cannot be read any further, such as an open quote, comes out as symbols. */
export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let depth = 0;
  while (at < sql.length) {
    spaceOrComment.lastIndex = at;
    const skipped = spaceOrComment.exec(sql)?.[0].length ?? 0;
    at += skipped;
    if (at >= sql.length) break;
    for (const [type, shape] of shapes) {
      shape.lastIndex = at;
      const text = shape.exec(sql)?.[0];
      if (text === undefined) continue;
      if (text === ')' || text === ']') depth -= 1;
      found.push({ type, value: meaning(type, text), start: at, end: at + text.length, depth });
      if (text === '(' || text === '[') depth += 1;
      at += text.length;
      break;
    }
  }
  return found;
}

function meaning(type: Token['type'], text: string): string {
  if (type === 'word') return text.toLowerCase();
  return type === 'identifier' ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** A table or another object within a schema. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** One text for each name, for use as a key. */
export function keyOf({ schema, name }: QualifiedName): string {
  return JSON.stringify([schema, name]);
}

/** As PostgreSQL quotes: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quotedName({ schema, name }: QualifiedName): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

/** Goes through a statement word by word. */
export class Cursor {
  private readonly all: readonly Token[];
  private at = 0;

  constructor(readonly sql: string) {
    this.all = tokens(sql);
  }

  get done(): boolean {
    return this.at >= this.all.length || this.peek()?.value === ';';
  }

  peek(ahead = 0): Token | undefined {
    return this.all[this.at + ahead];
  }

  next(): Token | undefined {
    this.at += 1;
    return this.all[this.at - 1];
  }

  /** Passes these words if they come next, all of them. */
  take(words: string): boolean {
    const wanted = words.split(' ');
    const fits = wanted.every((word, index) => {
      const token = this.peek(index);
      return token !== undefined && token.type !== 'identifier' && token.type !== 'string' && token.value === word;
    });
    if (fits) this.at += wanted.length;
    return fits;
  }

  /** Passes everything up to and including these words, outside of parentheses. */
  skipTo(words: string): boolean {
    for (; !this.done; this.at += 1) if (this.peek()?.depth === 0 && this.take(words)) return true;
    return false;
  }

  /** Passes a name, quoted or not. */
  name(): string | undefined {
    const token = this.peek();
    if (token?.type !== 'word' && token?.type !== 'identifier') return undefined;
    this.at += 1;
    return token.value;
  }

  /** Passes `schema.name`; pg_dump writes no table's name without its schema. */
  qualified(): QualifiedName | undefined {
    const before = this.at;
    const schema = this.name();
    const name = schema !== undefined && this.take('.') ? this.name() : undefined;
    if (schema !== undefined && name !== undefined) return { schema, name };
    this.at = before;
    return undefined;
  }

  /** Passes `(…)` and answers with what stands between its commas. */
  list(): string[] | undefined {
    const inside = (this.peek()?.depth ?? 0) + 1;
    if (!this.take('(')) return undefined;
    const parts: string[] = [];
    let start = this.peek()?.start ?? this.sql.length;
    for (let token = this.next(); token !== undefined; token = this.next()) {
      const closes = token.value === ')' && token.depth === inside - 1 && token.type === 'symbol';
      const separates = token.value === ',' && token.depth === inside && token.type === 'symbol';
      if (!closes && !separates) continue;
      const text = this.sql.slice(start, token.start).trim();
      if (text !== '' || separates) parts.push(text);
      if (closes) return parts;
      start = token.end;
    }
    return undefined;
  }

  /** What has not been passed, without the semicolon. */
  rest(): string {
    const from = this.peek()?.start ?? this.sql.length;
    const last = this.all.at(-1);
    const to = last?.value === ';' && last.type === 'symbol' ? last.start : this.sql.length;
    return this.sql.slice(from, to).trim();
  }
}
