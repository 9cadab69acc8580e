import { messageOf, OperatorError } from '../../core/errors.js';
import type { Channel, FromWorker, SentError, ToWorker } from './worker-pool.js';

export interface Work<Order, Result> {
  /** @param attempt how often this order has been given out, to whomever: from 1 on */
  perform(order: Order, signal: AbortSignal, onBytes: (bytes: number) => void, attempt: number): Promise<Result>;
  /** After a failure, before the next order: throws away what may be broken. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

/** A worker's life: orders are done one after the other until it is told to stop, or to abort the one under way. */
export async function workLoop<Order, Result>(
  channel: Channel<FromWorker<Result>, ToWorker<Order>>,
  work: Work<Order, Result>,
): Promise<void> {
  const aborting = new AbortController();
  let current: Promise<void> = Promise.resolve();
  const ended = new Promise<void>((resolve) => {
    const stop = () => {
      void current.then(() => work.close()).then(resolve);
    };
    channel.onMessage((message) => {
      if (message.type === 'order') current = perform(message.id, message.order, message.attempt);
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

  const perform = async (id: number, order: Order, attempt: number): Promise<void> => {
    let untold = 0;
    const tell = setInterval(() => {
      if (untold > 0) channel.send({ type: 'progress', bytes: untold });
      untold = 0;
    }, 250);
    try {
      const count = (bytes: number) => {
        untold += bytes;
      };
      const result = await work.perform(order, aborting.signal, count, attempt);
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
  const message = messageOf(error);
  const leaving = noSession.test(message);
  if (!(error instanceof OperatorError))
    return {
      code: undefined,
      message: error instanceof Error ? (error.stack ?? message) : message,
      hint: '',
      passing: passing.test(message),
      leaving,
    };
  const isStorage = ['STORAGE_FAILED', 'ALREADY_STORED'].includes(error.code);
  return {
    code: error.code,
    message,
    hint: error.hint,
    passing: isStorage || error.code === 'SERVER_UNREACHABLE' || passing.test(message),
    leaving,
  };
}
