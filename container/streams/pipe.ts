import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperatorError } from '../../core/errors.js';
import { type Command, type CommandResult, commandFailed, succeeded } from './command.js';
import { spawnJoined } from './spawn-joined.js';

export interface PipeOptions<T> {
  /** Fed to the first program's standard input. Without it the first program has none. */
  readonly input?: Readable;
  /**
   * Takes the last program's output. The stream it gets ends only after every program has exited 0 and is destroyed with
   * the error otherwise, so a cut output can never be taken for a complete one. Without it the last program's standard
   * output is thrown away.
   */
  readonly output?: (stdout: Readable) => Promise<T>;
  readonly signal?: AbortSignal | undefined;
  /** Told once all programs run: the process id of the first, for watching what it does. */
  readonly onStarted?: (firstPid: number) => void;
}

export interface PipeResult<T> {
  readonly value: T;
  /** In the order of the commands. */
  readonly results: readonly CommandResult[];
}

/**
 * Runs programs joined by the system itself: one's standard output is the next one's standard input, and this process
 * sees only what goes in at the front and what comes out at the end. Resolves only if every program exited 0 and
 * `output` has resolved. Whatever fails first ends all the others; that first failure is the error.
 */
export async function runPipe<T = void>(commands: readonly Command[], options: PipeOptions<T>): Promise<PipeResult<T>> {
  const { input, output, signal, onStarted } = options;
  signal?.throwIfAborted();
  const { children, output: stdout } = spawnJoined(commands, {
    input: input !== undefined,
    output: output !== undefined,
  });
  const failure = new FirstFailure(children);
  const exits = children.map((child, index) => watch(child, index, commands[index] as Command, failure));
  const allExited = Promise.all(exits);
  const onAbort = () => failure.report(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const firstPid = children[0]?.pid;
  if (firstPid !== undefined) onStarted?.(firstPid);
  try {
    const feeding = input ? feed(input, children[0] as ChildProcess, failure) : Promise.resolve();
    const consuming = output && stdout ? consume(stdout, output, allExited, failure) : undefined;
    const [results, , consumed] = await Promise.all([allExited, feeding, consuming]);
    const error = failure.error ?? firstUntolerated(results);
    if (error !== undefined) throw error;
    return { value: consumed as T, results };
  } finally {
    signal?.removeEventListener('abort', onAbort);
    input?.destroy();
  }
}

/**
 * Remembers the first failure and ends every program of the pipe with it. Later failures are its consequences. When a
 * program fails, its neighbours notice within moments and may be heard first; so they get a moment to be heard, and the
 * one nearest to the source is taken for the cause.
 */
class FirstFailure {
  error: unknown;
  private culprit = Number.POSITIVE_INFINITY;
  private settled = false;

  constructor(private readonly children: readonly ChildProcess[]) {}

  report(error: unknown): void {
    if (this.error !== undefined) return;
    this.error = error ?? new Error('failed without a reason');
    this.endAll();
  }

  reportProgram(index: number, error: OperatorError): void {
    if (
      this.settled ||
      index >= this.culprit ||
      (this.error !== undefined && this.culprit === Number.POSITIVE_INFINITY)
    )
      return;
    if (this.error === undefined) setTimeout(() => this.endAll(), 50);
    this.error = error;
    this.culprit = index;
  }

  private endAll(): void {
    this.settled = true;
    for (const child of this.children) {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
    }
  }
}

/** Resolves when the program has ended and said all; never rejects. */
function watch(child: ChildProcess, index: number, command: Command, failure: FirstFailure): Promise<CommandResult> {
  const stderr = listen(child.stderr as Readable, command);
  return new Promise((resolve) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      failure.report(couldNotStart(command, cause));
      resolve({ command, exitCode: null, signal: null, stderr: '' });
    });
    child.once('close', (exitCode, signal) => {
      const result = { command, exitCode, signal, stderr: stderr() };
      if (!succeeded(result) && !isBrokenPipe(result)) failure.reportProgram(index, commandFailed(result));
      resolve(result);
    });
  });
}

/**
 * A writer whose reader went away is a consequence; what took the reader away is reported by itself. Where the joint
 * is a socket, the writer may be told of a reset connection; a lost database server says so without "write" or "output".
 */
function isBrokenPipe({ signal, stderr }: CommandResult): boolean {
  return signal === 'SIGPIPE' || /(?:writ|output).*(?:broken pipe|connection reset by peer)/i.test(stderr);
}

/** A broken pipe is no failure only before a program that ended well and may do so without reading all that it is given. */
function firstUntolerated(results: readonly CommandResult[]): unknown {
  const enough = results.findLastIndex((result) => result.command.mayStopReading === true && succeeded(result));
  const bad = results.find((result, index) => !succeeded(result) && !(index < enough && isBrokenPipe(result)));
  return bad && commandFailed(bad);
}

/** Writes the input to the first program, and reads it to its end even when the program has stopped listening. */
async function feed(input: Readable, first: ChildProcess, failure: FirstFailure): Promise<void> {
  const stdin = first.stdin as Writable;
  let listening = true;
  // Why it stopped listening is told by its exit code.
  const stopped = () => {
    listening = false;
    stdin.emit('drain');
  };
  stdin.on('error', stopped);
  // A program that ends takes what was on its way to it with it, and no error tells of that.
  stdin.on('close', stopped);
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      if (!listening || stdin.write(chunk)) done();
      else stdin.once('drain', () => done());
    },
    final: (done) => {
      stdin.end();
      done();
    },
  });
  try {
    await pipeline(input, sink);
  } catch (error) {
    failure.report(error);
  }
}

async function consume<T>(
  stdout: Readable,
  output: (stdout: Readable) => Promise<T>,
  allExited: Promise<readonly CommandResult[]>,
  failure: FirstFailure,
): Promise<T | undefined> {
  const exitGate = new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: (done) => {
      void allExited.then((results) => {
        done((failure.error ?? firstUntolerated(results)) as Error | undefined);
      });
    },
  });
  const moving = pipeline(stdout, exitGate).catch((error) => failure.report(error));
  try {
    return await output(exitGate);
  } catch (error) {
    failure.report(error);
    exitGate.destroy();
    return undefined;
  } finally {
    await moving;
  }
}

/** Keeps the last of what a program says, and hands its lines on where somebody wants them. */
function listen(stream: Readable, command: Command): () => string {
  let kept = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-8_192);
  });
  if (command.onStderrLine) createInterface({ input: stream }).on('line', command.onStderrLine);
  return () => kept.toString('utf8');
}

function couldNotStart(command: Command, cause: NodeJS.ErrnoException): OperatorError {
  return new OperatorError(
    'PROGRAM_MISSING',
    `${command.name} could not be started: ${cause.code === 'ENOENT' ? `${command.file} not found` : cause.message}`,
    `Install ${command.name}; "respaldo doctor" names the package.`,
    { cause },
  );
}
