import type { Readable } from 'node:stream';
import { SqlReader } from '../postgres/sql-reader.js';

/** What comes out of a plain SQL dump, in its order. */
export type SqlEvent =
  | { readonly type: 'statement'; readonly text: Buffer }
  /** Of the COPY statement before. */
  | { readonly type: 'rows'; readonly bytes: Buffer; readonly end: boolean };

/** Statements that begin otherwise tell nothing of tables or rows. */
const telling = ['CREATE', 'ALTER', 'COPY', 'INSERT', 'SET'];

/**
 * Reads a dump as it streams in. Its end is told only when the stream has ended well and the script is complete.
 *
 * @throws OperatorError what the reader refuses, and the stream's own error
 */
export async function* sqlEvents(script: Readable): AsyncGenerator<SqlEvent, void, void> {
  let events: SqlEvent[] = [];
  const reader = new SqlReader({
    holds: mayTell,
    text: () => {},
    statement: (_, held) => held.length > 0 && events.push({ type: 'statement', text: Buffer.concat(held) }),
    rows: (bytes, end) => events.push({ type: 'rows', bytes, end }),
  });
  for await (const chunk of script) {
    reader.write(chunk as Buffer);
    yield* events;
    events = [];
  }
  reader.end();
  yield* events;
}

/** Also true while too little of the first word has been read. */
function mayTell(skeleton: string): boolean {
  const word = (/^[a-z]*/i.exec(skeleton)?.[0] ?? '').toUpperCase();
  return telling.some((each) => (word.length === skeleton.length ? each.startsWith(word) : each === word));
}

/** The rows that come next, up to their end. What reads the events goes on behind them. */
export async function* rowsFrom(events: AsyncIterator<SqlEvent, void, void>): AsyncGenerator<Buffer, void, void> {
  for (;;) {
    const { value, done } = await events.next();
    if (done || value.type !== 'rows') throw new Error('rows without an end');
    yield value.bytes;
    if (value.end) return;
  }
}
