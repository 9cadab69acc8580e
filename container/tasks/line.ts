import type { Socket } from 'node:net';
import type { Channel } from '../parallel/worker-pool.js';

/** Milliseconds between two signs of life. */
const defaultBeat = 5_000;
/** So many beats without a word from the other end, and it is taken for gone. */
const missedBeats = 4;
/** A message is a list of files or tables at most; what is longer comes from a broken peer. */
const longestMessage = 64 * 1024 * 1024;
/** What the other end may take to close the connection after a good-bye. */
const closing = 2_000;

/**
 * A line to a worker in another process, or to the program that gives it orders. What travels is lines of text: an
 * object is a message; an empty line is a sign of life; `null` is a good-bye, and a string is one with its reason. A
 * connection that ends without a good-bye was lost; so was one on which nothing is heard for four beats, as when a host
 * vanishes and no packet tells of it.
 */
export class Line<Outgoing extends object, Incoming extends object> implements Channel<Outgoing, Incoming> {
  private readonly early: Incoming[] = [];
  private handle: ((message: Incoming) => void) | undefined;
  private told: ((reason: Error | undefined) => void) | undefined;
  private unfinished: Buffer[] = [];
  private unfinishedBytes = 0;
  private missed = 0;
  private readonly heart: NodeJS.Timeout;
  private ended: { readonly reason: Error | undefined } | undefined;
  private farewell = false;

  constructor(
    private readonly socket: Socket,
    beat = defaultBeat,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.hear(chunk));
    socket.on('error', (error) => this.end(error));
    for (const event of ['end', 'close']) socket.on(event, () => this.end(new Error('the connection broke off')));
    // Beats are counted, not time: a process that was held up itself does not blame the other for it.
    this.heart = setInterval(() => {
      this.missed += 1;
      if (this.missed <= missedBeats) this.write('');
      else this.end(new Error(`nothing was heard of it for ${(missedBeats * beat) / 1000} s`));
    }, beat);
  }

  send(message: Outgoing): void {
    this.write(JSON.stringify(message));
  }

  /** Messages that came before are handed over at once. A second call replaces the first one's. */
  onMessage(handle: (message: Incoming) => void): void {
    this.handle = handle;
    for (const message of this.early.splice(0)) handle(message);
  }

  onClose(handle: (reason: Error | undefined) => void): void {
    this.told = handle;
    if (this.ended) handle(this.ended.reason);
  }

  /** Says good-bye. A reason makes it a failure on the other end. */
  close(reason?: string): void {
    if (this.farewell || this.ended) return;
    this.farewell = true;
    this.write(JSON.stringify(reason ?? null));
    this.socket.end();
    setTimeout(() => this.end(undefined), closing).unref();
  }

  private write(text: string): void {
    if (this.socket.writable) this.socket.write(`${text}\n`);
  }

  private hear(chunk: Buffer): void {
    this.missed = 0;
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      const text = Buffer.concat([...this.unfinished, chunk.subarray(from, at)]).toString();
      this.unfinished = [];
      this.unfinishedBytes = 0;
      from = at + 1;
      if (text !== '') this.take(text);
    }
    this.unfinished.push(chunk.subarray(from));
    this.unfinishedBytes += chunk.length - from;
    if (this.unfinishedBytes > longestMessage) this.end(new Error('it sent more than a message can be'));
  }

  private take(text: string): void {
    let said: unknown;
    try {
      said = JSON.parse(text);
    } catch {
      this.end(new Error('it sent what is no message'));
      return;
    }
    if (said === null || typeof said !== 'object') {
      this.end(typeof said === 'string' ? new Error(said) : undefined);
    } else if (this.handle) {
      this.handle(said as Incoming);
    } else {
      this.early.push(said as Incoming);
    }
  }

  /** The first reason counts. */
  private end(reason: Error | undefined): void {
    if (this.ended) return;
    this.ended = { reason: this.farewell ? undefined : reason };
    clearInterval(this.heart);
    this.socket.destroy();
    this.told?.(this.ended.reason);
  }
}
