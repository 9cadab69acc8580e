import { readFile } from 'node:fs/promises';
import type { CommandResult } from './command.js';

const window = 2 ** 32;

/**
 * Counts the bytes that a program has written although none of them pass through this process: the kernel's count of
 * its writes, asked four times a second. It serves the progress display, and it tells how often gzip's 32-bit length
 * has run over. Where the kernel does not count (not Linux), `bytes` stays 0.
 */
export class WriteWatch {
  bytes = 0;
  private timer: NodeJS.Timeout | undefined;

  /** For {@link PipeOptions.onStarted}. */
  readonly start = (pid: number): void => {
    this.timer = setInterval(() => void this.read(pid), 250);
    this.timer.unref();
  };

  stop(): void {
    clearInterval(this.timer);
  }

  private async read(pid: number): Promise<void> {
    try {
      const match = /^wchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'));
      this.bytes = Math.max(this.bytes, Number(match?.[1] ?? 0));
    } catch {
      this.stop(); // it has ended, or this system has no /proc: what was counted stands
    }
  }
}

/**
 * The exact number of bytes that went into a compressor: zstd says it, gzip ends with it modulo 4 GiB (RFC 1952, ISIZE).
 *
 * @param seen about how many were seen by a {@link WriteWatch}
 * @param tail the last bytes that the compressor wrote
 */
export function uncompressedBytes(compressor: CommandResult, tail: Buffer, seen: number): number {
  if (compressor.command.name === 'zstd') {
    const said = /\(\s*(\d+)(?: B)? =>/.exec(compressor.stderr);
    return said ? Number(said[1]) : seen;
  }
  if (tail.length < 4) return seen;
  const floor = Math.max(0, seen - window / 2);
  const length = tail.readUInt32LE(tail.length - 4);
  return floor + ((length - (floor % window) + window) % window);
}
