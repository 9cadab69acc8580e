import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import { saidByServer } from '../../core/postgres/server-message.js';
import type { CopyFrames } from './copy-frames.js';
import type { Encoder } from './encoder.js';
import { Pace } from './pace.js';
import { RoomSocket } from './room-socket.js';

/*
 * COPY … TO STDOUT at the speed of the server. The driver makes an object of every row; here the protocol's frames are
 * taken off where they stand: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

const message = { commandComplete: 0x43, error: 0x45, readyForQuery: 0x5a } as const;
/** Milliseconds between two reads of a socket that has been read empty: a server that writes 8 KiB at a time would wake us for each. */
const breath = 1;
/** A read of less than this has emptied the socket. */
const fullRead = 65_536;

export interface CopyOutOptions {
  /** An idle session, which is this stream's alone until `copied` is settled. */
  readonly client: pg.Client;
  /** The session's own. */
  readonly frames: CopyFrames;
  readonly encoder: Encoder;
  /** The form that the rows come in, where they are to be hashed. */
  readonly hashed?: 'binary' | 'text' | undefined;
  readonly bytesPerSecond?: number | undefined;
  /** Told of rows as they come, in bytes, the protocol’s own included. */
  readonly onBytes?: (bytes: number) => void;
}

/** The rows of one COPY command, without the protocol's frames, encoded. */
export class CopyOut extends Readable {
  /** Settled when the session is free again; its rejection is the stream's error. */
  readonly copied: Promise<void>;
  /** Known when all is copied. */
  rows = 0;
  /** Before encoding. */
  bytes = 0;
  /** The sum of the rows' hashes, in decimal; known when all is copied, where it was wanted. */
  hashSum: string | undefined;
  private readonly socket: Socket;
  private readonly driver: readonly ((chunk: Buffer) => void)[];
  private readonly pace: Pace;
  private body: Buffer[] = [];
  private wanted = true;
  private resting: NodeJS.Timeout | undefined;
  private failure: Error | undefined;
  private finished = false;
  private settle: (error?: Error) => void = () => {};

  constructor(
    private readonly options: CopyOutOptions,
    sql: string,
  ) {
    super({ highWaterMark: 1024 * 1024 });
    this.pace = new Pace(options.bytesPerSecond);
    this.copied = new Promise((resolve, reject) => {
      this.settle = (error) => (error ? reject(error) : resolve());
    });
    this.copied.catch(() => {}); // the stream's reader gets it too
    // The driver's own parser steps aside while the rows come.
    this.socket = (options.client as unknown as { connection: { stream: Socket } }).connection.stream;
    this.driver = this.socket.listeners('data') as unknown as CopyOut['driver'];
    if (this.socket instanceof RoomSocket) this.socket.taker = this.received;
    else {
      for (const listener of this.driver) this.socket.removeListener('data', listener);
      this.socket.on('data', this.onData);
    }
    this.socket.on('close', this.onClose);
    // Ended while it idled: its `close` was told to nobody, and does not come again.
    if (this.socket.destroyed) process.nextTick(this.onClose);
    options.frames.begin(options.hashed);
    const text = Buffer.from(`${sql}\0`);
    const head = Buffer.from([0x51, 0, 0, 0, 0]); // Query
    head.writeInt32BE(text.length + 4, 1);
    this.socket.write(Buffer.concat([head, text]));
  }

  override _read(): void {
    if (this.wanted) return;
    this.wanted = true;
    if (!this.resting && !this.finished) this.socket.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.finished) {
      this.release();
      // A session in the midst of a COPY cannot be used again.
      this.socket.destroy();
      this.options.encoder.close();
    }
    clearTimeout(this.resting);
    this.settle(error ?? new Error('the copy was given up')); // which only the first time says anything
    done(error);
  }

  /** Over TLS, a socket’s bytes come in buffers of their own, of 16 KiB at most: none of them tells that it is empty. */
  private readonly onData = (chunk: Buffer): void => {
    const { input } = this.options.frames;
    let goesOn = true;
    for (let at = 0; at < chunk.length && !this.destroyed; at += input.length)
      goesOn = this.parse(chunk.copy(input, 0, at, at + input.length));
    if (!goesOn) this.socket.pause();
  };

  /** For a {@link RoomSocket}: the bytes are in the input already. */
  private readonly received = (bytes: number): boolean => {
    const goesOn = this.parse(bytes);
    if (!goesOn || bytes >= fullRead || this.finished) return goesOn;
    this.rest(breath);
    return false;
  };

  private readonly onClose = (): void => {
    this.destroy(new Error('Connection terminated unexpectedly'));
  };

  /** @returns whether more may come at once */
  private parse(bytes: number): boolean {
    try {
      this.takeRows(bytes);
    } catch (error) {
      this.destroy(error as Error); // the encoder's
    }
    return this.finished || (this.wanted && !this.resting);
  }

  private takeRows(bytes: number): void {
    const { frames, onBytes } = this.options;
    onBytes?.(bytes);
    const ahead = this.pace.after(bytes);
    for (let at = 0; at < bytes && !this.finished; ) {
      at = frames.take(at, bytes);
      if (frames.other === undefined) continue;
      const size = Math.min(frames.left, bytes - at);
      this.body.push(Buffer.from(frames.input.subarray(at, at + size)));
      frames.skip(size);
      at += size;
      if (frames.left === 0) this.endMessage(frames.other);
    }
    if (this.finished) return;
    if (frames.isFull) this.handOn();
    this.rest(ahead);
  }

  private handOn(): void {
    const { frames, encoder } = this.options;
    const rows = frames.empty();
    this.bytes += rows.length;
    encoder.encode(rows, this.made);
  }

  private readonly made = (piece: Buffer): void => {
    this.wanted = this.push(piece);
  };

  private rest(milliseconds: number): void {
    if (milliseconds < 1) return;
    this.resting = setTimeout(() => {
      this.resting = undefined;
      if (this.wanted && !this.finished) this.socket.resume();
    }, milliseconds);
  }

  private endMessage(type: number): void {
    const body = Buffer.concat(this.body);
    this.body = [];
    if (type === message.commandComplete) this.rows = Number(/^COPY (\d+)/.exec(body.toString('latin1'))?.[1] ?? 0);
    if (type === message.error) this.failure = serverError(body);
    if (type === message.readyForQuery) this.finish();
  }

  private finish(): void {
    const { encoder } = this.options;
    try {
      this.handOn();
      encoder.finish(this.made);
      this.takeHash();
    } catch (error) {
      this.failure ??= error as Error;
    }
    this.finished = true;
    encoder.close();
    this.release();
    const ahead = this.pace.after(0);
    if (ahead < 1 || this.failure) this.end();
    else this.resting = setTimeout(() => this.end(), ahead);
  }

  private takeHash(): void {
    const { frames, hashed } = this.options;
    if (hashed === undefined || this.failure) return;
    const { rows, sum } = frames.hashed;
    if (rows !== this.rows) throw new Error(`${rows} rows came, the server says that it sent ${this.rows}`);
    this.hashSum = String(sum);
  }

  private end(): void {
    this.settle(this.failure);
    if (this.failure) this.destroy(this.failure);
    else this.push(null);
  }

  /** Gives the session back to the driver. */
  private release(): void {
    clearTimeout(this.resting);
    this.socket.removeListener('close', this.onClose);
    if (this.socket instanceof RoomSocket) this.socket.taker = undefined;
    else {
      this.socket.removeListener('data', this.onData);
      for (const listener of this.driver)
        if (!this.socket.listeners('data').includes(listener)) this.socket.on('data', listener);
    }
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
  const said = saidByServer({
    message: fields.get('M') ?? '',
    code: fields.get('C'),
    detail: fields.get('D'),
    hint: fields.get('H'),
    where: fields.get('W'),
  });
  return OperatorError.passingOn(
    'SOURCE_FAILED',
    said,
    (words) => `the server refused to copy: ${words} (${fields.get('C')})`,
    'Mend what it says and run again.',
  );
}
