import { OperatorError } from '../../core/errors.js';

/** One worker's end of the line. Workers are threads here, and processes on other hosts. */
export interface Channel<Outgoing, Incoming> {
  send(message: Outgoing): void;
  onMessage(handle: (message: Incoming) => void): void;
  /** Called once, when the worker is gone; with the reason where it did not go in peace. */
  onClose(handle: (reason: Error | undefined) => void): void;
  close(): void;
}

export type ToWorker<Order> =
  | { readonly type: 'order'; readonly id: number; readonly order: Order /** From 1 on. */; readonly attempt: number }
  | { readonly type: 'stop' | 'abort' };

export type FromWorker<Result> =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly bytes: number }
  /** The next order may come although this one is not done. */
  | { readonly type: 'free'; readonly id: number }
  | { readonly type: 'done'; readonly id: number; readonly result: Result }
  | { readonly type: 'failed'; readonly id: number; readonly error: SentError };

/** An error on its way from a worker. */
export interface SentError {
  readonly code: OperatorError['code'] | undefined;
  readonly message: string;
  /** With what a server quoted of rows. */
  readonly inFull: string;
  readonly hint: string;
  /** Another try, in a new session or by another worker, may go better. */
  readonly passing: boolean;
  /** The worker cannot work at all where it is, though others may: it goes. */
  readonly leaving: boolean;
}

/** An order, how it fares, and who waits for it. */
interface Ticket<Order, Result> {
  readonly id: number;
  readonly order: Order;
  readonly weight: number;
  failures: number;
  /** How often it was given out. */
  attempt: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

type Line<Order, Result> = Channel<ToWorker<Order>, FromWorker<Result>>;

/** How often an order is tried in all. */
const attempts = 3;

/**
 * Gives orders to workers, the heaviest first, the next one to each as soon as it is free. An order that fails for a passing reason, or whose
 * worker is lost, is given out again; with the last worker gone, everything fails.
 */
export class WorkerPool<Order, Result> {
  /** Bytes that the workers have told of. */
  bytes = 0;
  private readonly waiting: Ticket<Order, Result>[] = [];
  private readonly idle = new Set<Line<Order, Result>>();
  /** What each worker has under way, the latest last. */
  private readonly busy = new Map<Line<Order, Result>, Ticket<Order, Result>[]>();
  /** Told to go, and not gone yet. */
  private readonly dismissed = new Set<Line<Order, Result>>();
  private workers = 0;
  private nextId = 1;
  private over: unknown;
  private onEmpty: (() => void) | undefined;
  /** That all workers are. Whoever ends the pool waits for the same. */
  private gone: Promise<void> | undefined;

  /** @param retried told of every order that is given out again, and why */
  constructor(private readonly retried: (order: Order, reason: string) => void = () => {}) {}

  add(channel: Line<Order, Result>): void {
    this.workers += 1;
    channel.onMessage((message) => this.hear(channel, message));
    channel.onClose((reason) => this.lose(channel, reason));
  }

  /** @param weight about how long it takes, against the others */
  submit(order: Order, weight: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.over !== undefined) return reject(this.over);
      this.queue({ id: this.nextId, order, weight, failures: 0, attempt: 0, resolve, reject });
      this.nextId += 1;
      this.deal();
    });
  }

  /** Ends everything: waiting orders fail with the reason, running ones are told to end, and the workers stop. */
  async end(reason?: unknown): Promise<void> {
    this.over ??= reason ?? new Error('the pool is closed');
    for (const ticket of this.waiting.splice(0)) ticket.reject(this.over);
    for (const channel of this.busy.keys()) channel.send({ type: 'abort' });
    for (const channel of this.idle) channel.send({ type: 'stop' });
    if (this.workers === 0) return;
    this.gone ??= new Promise((resolve) => {
      this.onEmpty = resolve;
    });
    const impatient = setTimeout(() => {
      for (const channel of [...this.idle, ...this.busy.keys()]) channel.close();
    }, 3_000);
    await this.gone;
    clearTimeout(impatient);
  }

  private queue(ticket: Ticket<Order, Result>): void {
    const at = this.waiting.findIndex(({ weight }) => weight < ticket.weight);
    if (at < 0) this.waiting.push(ticket);
    else this.waiting.splice(at, 0, ticket);
  }

  private deal(): void {
    for (const channel of this.idle) {
      const ticket = this.waiting.shift();
      if (!ticket) return;
      this.idle.delete(channel);
      this.busy.set(channel, [...(this.busy.get(channel) ?? []), ticket]);
      ticket.attempt += 1;
      channel.send({ type: 'order', id: ticket.id, order: ticket.order, attempt: ticket.attempt });
    }
  }

  private hear(channel: Line<Order, Result>, message: FromWorker<Result>): void {
    if (message.type === 'progress') {
      this.bytes += message.bytes;
      return;
    }
    const tickets = this.busy.get(channel) ?? [];
    if (message.type === 'free') {
      // Only the latest can make it free: an earlier one did already.
      if (tickets.at(-1)?.id === message.id) this.hasRoom(channel);
      return;
    }
    const ticket = message.type === 'ready' ? undefined : tickets.find(({ id }) => id === message.id);
    const wasLatest = ticket === tickets.at(-1);
    const left = tickets.filter((each) => each !== ticket);
    if (left.length > 0) this.busy.set(channel, left);
    else this.busy.delete(channel);
    if (message.type === 'done') ticket?.resolve(message.result);
    if (message.type === 'failed' && ticket) {
      // The last worker stays, so that what keeps it from working is told.
      if (message.error.leaving && this.workers > 1) {
        this.dismiss(channel, ticket, message.error.message);
        return;
      }
      this.fail(ticket, message.error);
    }
    if (wasLatest) this.hasRoom(channel);
  }

  private hasRoom(channel: Line<Order, Result>): void {
    if (this.dismissed.has(channel)) return;
    if (this.over === undefined) {
      this.idle.add(channel);
      this.deal();
    } else {
      channel.send({ type: 'stop' });
    }
  }

  /** Its order goes to the others, and counts as not tried. */
  private dismiss(channel: Line<Order, Result>, ticket: Ticket<Order, Result>, why: string): void {
    this.workers -= 1;
    this.dismissed.add(channel);
    this.idle.delete(channel);
    this.retried(ticket.order, `one worker less: ${why}`);
    channel.send({ type: 'stop' });
    this.queue(ticket);
    this.deal();
  }

  private fail(ticket: Ticket<Order, Result>, { code, message, inFull, hint, passing }: SentError): void {
    ticket.failures += 1;
    if (passing && ticket.failures < attempts && this.over === undefined) {
      this.retried(ticket.order, message);
      this.queue(ticket);
      return;
    }
    const error = code === undefined ? new Error(message) : new OperatorError(code, message, hint, { inFull });
    ticket.reject(this.over ?? error);
  }

  private lose(channel: Line<Order, Result>, reason: Error | undefined): void {
    const wasDismissed = this.dismissed.delete(channel);
    if (!wasDismissed) this.workers -= 1;
    this.idle.delete(channel);
    const tickets = this.busy.get(channel) ?? [];
    this.busy.delete(channel);
    const why = `a worker was lost${reason ? `: ${reason.message}` : ''}`;
    for (const ticket of tickets)
      this.fail(ticket, {
        code: 'SOURCE_FAILED',
        message: why,
        inFull: why,
        hint: 'See the log of the worker, and run again.',
        passing: true,
        leaving: false,
      });
    if (this.workers === 0) {
      this.over ??= new OperatorError('SOURCE_FAILED', why, 'See the log of the worker, and run again.');
      for (const waiting of this.waiting.splice(0)) waiting.reject(this.over);
      this.onEmpty?.();
    }
    this.deal();
  }
}
