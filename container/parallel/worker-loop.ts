import { OperatorError, saidBy, stackOf } from '../../core/errors.js';
import type { Channel, FromWorker, SentError, ToWorker } from './worker-pool.js';

/** What goes with an order. */
export interface Performance {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** How often this order has been given out, to whomever: from 1 on. */
  readonly attempt: number;
  /** To be called where the next order may be given before this one is done. */
  readonly isFree: () => void;
}

export interface Work<Order, Result> {
  perform(order: Order, performance: Performance): Promise<Result>;
  /** After a failure, before the next order: throws away what may be broken. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

/** A worker's life: orders are done one after the other until it is told to stop, or to abort what is under way. */
export async function workLoop<Order, Result>(
  channel: Channel<FromWorker<Result>, ToWorker<Order>>,
  work: Work<Order, Result>,
): Promise<void> {
  const aborting = new AbortController();
  const current = new Set<Promise<void>>();
  const ended = new Promise<void>((resolve) => {
    const stop = () => {
      void Promise.all(current)
        .then(() => work.close())
        .then(resolve);
    };
    channel.onMessage((message) => {
      if (message.type === 'order') begin(message.id, message.order, message.attempt);
      else if (message.type === 'stop') stop();
      else
        aborting.abort(
          new OperatorError('TERMINATED', 'ended by the program that gave the order', 'Nothing half-done was left.'),
        );
    });
    channel.onClose(() => {
      aborting.abort(
        new OperatorError('TERMINATED', 'the program that gave the orders is gone', 'Nothing half-done was left.'),
      );
      stop();
    });
  });

  const begin = (id: number, order: Order, attempt: number): void => {
    const performed = perform(id, order, attempt).finally(() => current.delete(performed));
    current.add(performed);
  };

  const perform = async (id: number, order: Order, attempt: number): Promise<void> => {
    let untold = 0;
    const tell = setInterval(() => {
      if (untold > 0) channel.send({ type: 'progress', bytes: untold });
      untold = 0;
    }, 250);
    const onBytes = (bytes: number) => {
      untold += bytes;
    };
    const isFree = () => channel.send({ type: 'free', id });
    try {
      const result = await work.perform(order, { signal: aborting.signal, onBytes, attempt, isFree });
      channel.send({ type: 'progress', bytes: untold });
      channel.send({ type: 'done', id, result });
    } catch (error) {
      await work.recover();
      channel.send({ type: 'failed', id, error: sent(error) });
    } finally {
      clearInterval(tell);
    }
  };

  channel.send({ type: 'ready' });
  await ended;
}

/** Errors that a new session or another try may get past. What the server says about the data stays what it is. */
const passing = /terminat|reset|closed|timed? ?out|EPIPE|ECONN|conflict with recovery|socket/i;

/** What the server says when it, the database or the role has no session left. */
const noSession = /too many (?:connections|clients)|remaining connection slots/i;

function sent(error: unknown): SentError {
  const { told: message, inFull } = saidBy(error);
  const leaving = noSession.test(message);
  if (!(error instanceof OperatorError)) {
    const stack = stackOf(error);
    return {
      code: undefined,
      message: `${message}\n${stack}`,
      inFull: `${inFull}\n${stack}`,
      hint: '',
      passing: passing.test(message),
      leaving,
    };
  }
  const isStorage = ['STORAGE_FAILED', 'ALREADY_STORED'].includes(error.code);
  return {
    code: error.code,
    message,
    inFull,
    hint: error.hint,
    // A lock that was not had within the time that is set for it is not waited for once more.
    passing:
      error.code !== 'LOCK_TIMEOUT' && (isStorage || error.code === 'SERVER_UNREACHABLE' || passing.test(message)),
    leaving,
  };
}
