import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../container/streams/command.js';
import { runPipe } from '../../../container/streams/pipe.js';

/**
 * Ends without having read a byte while another process still holds its input open: nothing then tells the writer that
 * nobody reads any more. What gpg leaves with its agent is like that, and for a moment every program that ends.
 */
const neverReads = (exitCode: number): Command => ({
  name: 'never-reads',
  file: '/bin/sh',
  args: ['-c', `exec 3<&0; sleep 3 <&3 3<&- >/dev/null 2>&1 & exit ${exitCode}`],
});

/** Whether something settles before the other holder of the input has gone, and some more. */
function soon<T>(promise: Promise<T>): Promise<T | 'still waiting'> {
  return Promise.race([promise, delay(8_000, 'still waiting' as const, { ref: false })]);
}

function bytes(length: number) {
  let read = 0;
  const chunk = Buffer.alloc(Math.min(length, 64 * 1024), 'x');
  const input = new Readable({
    read() {
      const next = chunk.subarray(0, Math.min(chunk.length, length - read));
      read += next.length;
      this.push(next.length === 0 ? null : next);
    },
  });
  return { input, read: () => read };
}

describe.each([
  { what: 'a few bytes', length: 10 },
  { what: 'what the system takes at once', length: 64 * 1024 },
  { what: 'more than the system takes', length: 20 * 1024 * 1024 },
])('a program that ends without reading, given $what', ({ length }) => {
  it('is not waited for, and all of its input is read', async () => {
    const { input, read } = bytes(length);
    const ended = await soon(runPipe([neverReads(0)], { input }));
    expect(ended).toMatchObject({ results: [{ exitCode: 0 }] });
    expect(read()).toBe(length);
  });

  it('is told as failed where it fails', async () => {
    const { input } = bytes(length);
    const ended = soon(runPipe([neverReads(3)], { input }));
    await expect(ended).rejects.toMatchObject({ code: 'SOURCE_FAILED', message: 'never-reads exited with code 3' });
  });

  it('before another program that is content is not waited for either', async () => {
    const { input } = bytes(length);
    const content: Command = { name: 'content', file: '/bin/sh', args: ['-c', 'echo enough'], mayStopReading: true };
    const output = async (stdout: Readable) => (await stdout.toArray()).join('');
    expect(await soon(runPipe([neverReads(0), content], { input, output }))).toMatchObject({ value: 'enough\n' });
  });
});

it('a pipe that is ended from outside waits for nothing more', async () => {
  const ending = new AbortController();
  const running = runPipe([{ name: 'sleep', file: 'sleep', args: ['60'] }], {
    input: bytes(20 * 1024 * 1024).input,
    signal: ending.signal,
    onStarted: () => void setTimeout(() => ending.abort(new Error('enough of it')), 100),
  });
  await expect(soon(running)).rejects.toThrow('enough of it');
});
