import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { openPipe } from '../libc.js';
import { type Command, childEnvironment } from './command.js';

/** Which ends of the row this process keeps: as the first one's `stdin` and the last one's `stdout`. */
export interface OwnEnds {
  readonly input: boolean;
  readonly output: boolean;
}

/** Programs that run, and what the last one writes, where this process keeps that end. */
export interface Joined {
  readonly children: readonly ChildProcess[];
  readonly output: Readable | undefined;
}

/**
 * Starts programs, one's standard output being the next one's standard input. The joints, and the way to this process, are
 * pipes of the system with room for much, so that neither side waits for the other every few kilobytes; where it makes
 * none, they are sockets.
 */
export function spawnJoined(commands: readonly Command[], own: OwnEnds): Joined {
  const children: ChildProcess[] = [];
  /** What the next program reads from; behind the last one, what we do. */
  let joint: number | Readable | undefined;
  for (const [index, command] of commands.entries()) {
    const isRead = index < commands.length - 1 || own.output;
    const pipe = isRead ? openPipe() : undefined;
    const input = joint ?? (own.input ? 'pipe' : 'ignore');
    const output = pipe?.write ?? (isRead ? 'pipe' : 'ignore');
    let child: ChildProcess;
    try {
      const stdio: StdioOptions = [input, output, 'pipe', ...(command.files ?? [])];
      child = spawn(command.file, command.args, { env: childEnvironment(command.env), stdio });
    } catch (error) {
      if (pipe) closeSync(pipe.read);
      for (const each of children) each.kill('SIGKILL');
      throw error;
    } finally {
      // Our own ends would keep the writer from noticing the reader's death, and the reader from noticing the writer's.
      if (typeof joint === 'number') closeSync(joint);
      else joint?.destroy();
      if (pipe) closeSync(pipe.write);
    }
    joint = pipe?.read ?? child.stdout ?? undefined;
    children.push(child);
  }
  return { children, output: typeof joint === 'number' ? new Socket({ fd: joint, writable: false }) : joint };
}
