import type { Log, Progress } from '../core/log.js';
import type { Settings } from '../core/settings.js';
import type { Storage } from '../core/storage.js';

/** What every command works with. One is made for each run; nothing else reads the environment or the clock. */
export interface Run {
  readonly settings: Settings;
  /** For libpq's own variables, which are no settings of ours. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly progress: Progress;
  readonly now: () => Date;
  /** Aborted when the run is to end early; its reason is the error to end with. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** All configured storages, local before S3. */
  readonly storages: readonly Storage[];
}
