import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';

/*
 * COPY … TO STDOUT at the speed of the server. The driver makes an object of every row; here the protocol's frames are
 * taken off where they stand: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

const message = { copyData: 0x64, commandComplete: 0x43, error: 0x45, readyForQuery: 0x5a } as const;
const outBytes = 256 * 1024;
/** Milliseconds between two reads of a socket that has been read empty: a server that writes 8 KiB at a time would wake us for each. */
const breath = 4;
/** Below this many bytes, copying one by one is faster than a call. */
const shortCopy = 40;

/** The rows of one COPY command, without the protocol's frames. */
export class CopyOut extends Readable {
  /** Known when the stream has ended. */
  rows = 0;
  bytes = 0;
  private readonly socket: Socket;
  private readonly driver: readonly ((chunk: Buffer) => void)[];
  private type = 0;
  /** Bytes of the present message that are still to come. */
  private left = 0;
  private readonly header = Buffer.alloc(5);
  private headerBytes = 0;
  private body: Buffer[] = [];
  private out = Buffer.allocUnsafeSlow(outBytes);
  private filled = 0;
  private wanted = true;
  private breathing: NodeJS.Timeout | undefined;
  private failure: Error | undefined;
  private finished = false;

  /** @param client an idle session, which is this stream's alone until it has ended or closed */
  constructor(client: pg.Client, sql: string) {
    super({ highWaterMark: 1024 * 1024 });
    // The driver's own parser steps aside while the rows come.
    this.socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
    this.driver = this.socket.listeners('data') as unknown as CopyOut['driver'];
    for (const listener of this.driver) this.socket.removeListener('data', listener);
    this.socket.on('data', this.onData);
    this.socket.on('close', this.onClose);
    const text = Buffer.from(`${sql}\0`);
    const head = Buffer.from([0x51, 0, 0, 0, 0]); // Query
    head.writeInt32BE(text.length + 4, 1);
    this.socket.write(Buffer.concat([head, text]));
  }

  override _read(): void {
    this.wanted = true;
    if (!this.breathing) this.socket.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.release();
    // A session in the midst of a COPY cannot be used again.
    if (!this.finished) this.socket.destroy();
    done(error);
  }

  private readonly onData = (chunk: Buffer): void => {
    this.parse(chunk);
    if (this.finished) return;
    if (!this.wanted) this.socket.pause();
    else if (chunk.length < 65_536 && !this.breathing) {
      this.socket.pause();
      this.breathing = setTimeout(() => {
        this.breathing = undefined;
        if (this.wanted) this.socket.resume();
      }, breath);
    }
  };

  private readonly onClose = (): void => {
    this.destroy(new Error('Connection terminated unexpectedly'));
  };

  private parse(chunk: Buffer): void {
    const { length } = chunk;
    for (let at = 0; at < length; ) {
      if (this.left === 0) {
        at = this.readHeader(chunk, at);
        if (this.headerBytes === 0 && this.left === 0) this.endMessage();
        continue;
      }
      const take = Math.min(this.left, length - at);
      if (this.type === message.copyData) this.copyRows(chunk, at, take);
      else this.body.push(chunk.subarray(at, at + take));
      at += take;
      this.left -= take;
      if (this.left === 0) this.endMessage();
    }
  }

  private readHeader(chunk: Buffer, at: number): number {
    if (this.headerBytes === 0 && chunk.length - at >= 5) {
      this.type = chunk[at] as number;
      this.left = chunk.readInt32BE(at + 1) - 4;
      return at + 5;
    }
    let next = at;
    while (this.headerBytes < 5 && next < chunk.length) this.header[this.headerBytes++] = chunk[next++] as number;
    if (this.headerBytes === 5) {
      this.headerBytes = 0;
      this.type = this.header[0] as number;
      this.left = this.header.readInt32BE(1) - 4;
    }
    return next;
  }

  private copyRows(chunk: Buffer, from: number, length: number): void {
    for (let at = from, left = length; left > 0; ) {
      const size = Math.min(left, outBytes - this.filled);
      if (size < shortCopy) {
        for (let each = 0; each < size; each += 1) this.out[this.filled + each] = chunk[at + each] as number;
      } else {
        chunk.copy(this.out, this.filled, at, at + size);
      }
      this.filled += size;
      at += size;
      left -= size;
      if (this.filled === outBytes) this.handOn();
    }
  }

  private handOn(): void {
    if (this.filled === 0) return;
    this.bytes += this.filled;
    this.wanted = this.push(this.out.subarray(0, this.filled));
    this.out = Buffer.allocUnsafeSlow(outBytes);
    this.filled = 0;
  }

  private endMessage(): void {
    if (this.type === message.copyData) return;
    const body = Buffer.concat(this.body);
    this.body = [];
    if (this.type === message.commandComplete)
      this.rows = Number(/^COPY (\d+)/.exec(body.toString('latin1'))?.[1] ?? 0);
    if (this.type === message.error) this.failure = serverError(body);
    if (this.type !== message.readyForQuery) return;
    this.finished = true;
    this.handOn();
    this.release();
    if (this.failure) this.destroy(this.failure);
    else this.push(null);
  }

  /** Gives the session back to the driver. */
  private release(): void {
    clearTimeout(this.breathing);
    this.socket.removeListener('data', this.onData);
    this.socket.removeListener('close', this.onClose);
    for (const listener of this.driver)
      if (!this.socket.listeners('data').includes(listener)) this.socket.on('data', listener);
    this.socket.resume();
  }
}

/** An ErrorResponse: fields of one letter and a text each. */
function serverError(body: Buffer): OperatorError {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .map((field) => [field[0], field.slice(1)]),
  );
  return new OperatorError(
    'SOURCE_FAILED',
    `the server refused to copy: ${fields.get('M')} (${fields.get('C')})`,
    fields.get('H') ?? 'Mend what it says and run again.',
  );
}
