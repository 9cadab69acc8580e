export type LogFields = Readonly<Record<string, unknown>>;

/** Where a run tells what it does. Progress and events, never results: those go to standard output. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(error: unknown): void;
}

/** Shows how far a long step is. */
export interface Progress {
  /** Begins a step; ends the one before. `total` in bytes, where it is known. */
  start(what: string, total?: number): Step;
}

export interface Step {
  /** Bytes done so far. */
  update(done: number): void;
  /** Nothing moves, and that is in order: what is waited for has a time limit of its own. */
  excuse?(): void;
  /** Tells who is to be asked for, where nothing moves: what the bytes come from or go to, or the storage. */
  waitsFor?(side: () => 'source' | 'storage'): void;
  end(): void;
}

export const silentLog: Log = { info() {}, warn() {}, error() {} };
/** Of work too short to be shown, or shown by somebody else. */
export const noStep: Step = { update() {}, end() {} };
export const silentProgress: Progress = { start: () => noStep };
