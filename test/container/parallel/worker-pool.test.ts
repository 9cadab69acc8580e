import { describe, expect, it } from 'vitest';
import { type Channel, type FromWorker, type ToWorker, WorkerPool } from '../../../container/parallel/worker-pool.js';

type Sent = ToWorker<string>;

/** A worker's line whose worker is the test. */
class Line implements Channel<Sent, FromWorker<string>> {
  readonly sent: Sent[] = [];
  say: (message: FromWorker<string>) => void = () => {};
  lose: (reason: Error | undefined) => void = () => {};

  send(message: Sent): void {
    this.sent.push(message);
    if (message.type === 'stop') this.lose(undefined);
  }

  onMessage(handle: (message: FromWorker<string>) => void): void {
    this.say = handle;
  }

  onClose(handle: (reason: Error | undefined) => void): void {
    this.lose = handle;
  }

  close(): void {
    this.lose(undefined);
  }

  /** The orders that were given to it. */
  get orders(): string[] {
    return this.sent.flatMap((message) => (message.type === 'order' ? [message.order] : []));
  }

  /** The number of the latest such order. */
  idOf(order: string): number {
    const found = this.sent.findLast((message) => message.type === 'order' && message.order === order);
    if (found?.type !== 'order') throw new Error(`${order} was not given to it`);
    return found.id;
  }

  done(order: string): void {
    this.say({ type: 'done', id: this.idOf(order), result: `${order} done` });
  }

  free(order: string): void {
    this.say({ type: 'free', id: this.idOf(order) });
  }

  fail(order: string, passing: boolean): void {
    const message = `${order} failed`;
    const error = { code: undefined, message, inFull: message, hint: '', passing, leaving: false };
    this.say({ type: 'failed', id: this.idOf(order), error });
  }
}

function poolOf(workers: number) {
  const pool = new WorkerPool<string, string>();
  const lines = Array.from({ length: workers }, () => new Line());
  for (const line of lines) {
    pool.add(line);
    line.say({ type: 'ready' });
  }
  return { pool, lines: lines as [Line, ...Line[]] };
}

describe('the pool of workers', () => {
  it('gives the heaviest order first, and the next one when one is done', async () => {
    const { pool, lines } = poolOf(1);
    const [line] = lines;
    const results = [pool.submit('first', 1), pool.submit('light', 1), pool.submit('heavy', 9)];
    for (const order of ['first', 'heavy', 'light']) {
      expect(line.orders.at(-1)).toBe(order);
      line.done(order);
    }
    expect(await Promise.all(results)).toEqual(['first done', 'light done', 'heavy done']);
  });

  it('gives the next order to a worker that is free before it is done, and never a third', async () => {
    const { pool, lines } = poolOf(1);
    const [line] = lines;
    const results = ['a', 'b', 'c'].map((order) => pool.submit(order, 1));
    line.free('a');
    expect(line.orders).toEqual(['a', 'b']);
    line.free('a'); // what was said twice is heard once
    line.done('a'); // and b is still what keeps it busy
    expect(line.orders).toEqual(['a', 'b']);
    line.done('b');
    expect(line.orders).toEqual(['a', 'b', 'c']);
    line.done('c');
    expect(await Promise.all(results)).toEqual(['a done', 'b done', 'c done']);
  });

  it('tries again what fails for a passing reason, while the next one goes on', async () => {
    const { pool, lines } = poolOf(1);
    const [line] = lines;
    const results = ['a', 'b'].map((order) => pool.submit(order, 1));
    line.free('a');
    line.fail('a', true);
    line.done('b');
    expect(line.orders).toEqual(['a', 'b', 'a']);
    line.done('a');
    expect(await Promise.all(results)).toEqual(['a done', 'b done']);
  });

  it('gives all that a lost worker had under way to the others', async () => {
    const { pool, lines } = poolOf(2);
    const [first, second] = lines as [Line, Line];
    const results = ['a', 'b', 'c'].map((order) => pool.submit(order, 1));
    first.free('a');
    expect([first.orders, second.orders]).toEqual([['a', 'c'], ['b']]);
    first.lose(new Error('gone'));
    for (const order of ['b', 'a', 'c']) second.done(order);
    expect(await Promise.all(results)).toEqual(['a done', 'b done', 'c done']);
  });

  it('fails everything with the last worker', async () => {
    const { pool, lines } = poolOf(1);
    const results = ['a', 'b', 'c'].map((order) => pool.submit(order, 1));
    lines[0].free('a');
    lines[0].lose(new Error('gone'));
    for (const result of results) await expect(result).rejects.toThrow(/a worker was lost: gone/);
  });

  it('ends when all workers have stopped, the free ones too', async () => {
    const { pool, lines } = poolOf(2);
    const [first] = lines;
    const results = [pool.submit('a', 1), pool.submit('b', 1)];
    const told = Promise.allSettled(results);
    first.free('a');
    const ended = pool.end(new Error('over'));
    for (const line of lines) for (const order of line.orders) line.fail(order, true);
    await ended;
    expect((await told).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('lets everybody who ends it hear of its end', async () => {
    const { pool, lines } = poolOf(1);
    const told = Promise.allSettled([pool.submit('a', 1)]);
    const ended = [pool.end(new Error('one reason')), pool.end(new Error('another'))];
    lines[0].fail('a', false);
    await Promise.all(ended);
    expect(await told).toMatchObject([{ status: 'rejected', reason: { message: 'one reason' } }]);
  });
});
