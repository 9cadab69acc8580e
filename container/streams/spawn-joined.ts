import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openPipe } from '../libc.js';
import { type Command, childEnvironment } from './command.js';

/** Which ends of the row this process keeps: as the first one's `stdin` and the last one's `stdout`. */
export interface OwnEnds {
  readonly input: boolean;
  readonly output: boolean;
}

/**
 * Starts programs, one's standard output being the next one's standard input. The joints are pipes of the system with
 * room for much, so that neither side waits for the other every few kilobytes; where it makes none, they are sockets.
 */
export function spawnJoined(commands: readonly Command[], own: OwnEnds): ChildProcess[] {
  const children: ChildProcess[] = [];
  /** What the next program reads from. */
  let joint: number | NonNullable<ChildProcess['stdout']> | undefined;
  for (const [index, command] of commands.entries()) {
    const isLast = index === commands.length - 1;
    const pipe = isLast ? undefined : openPipe();
    const input = joint ?? (own.input ? 'pipe' : 'ignore');
    const output = pipe?.write ?? (isLast && !own.output ? 'ignore' : 'pipe');
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
  return children;
}
