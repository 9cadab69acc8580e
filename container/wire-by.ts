import type { Log, Progress } from '../core/log.js';
import type { Settings } from '../core/settings.js';
import { configuredStorages } from './open-storages.js';
import type { Run } from './run.js';
import { textLog } from './text-log.js';
import { version } from './version.js';

export interface WireOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly log?: Log;
  readonly progress?: Progress;
  readonly now?: () => Date;
}

/**
 * Makes a run of settings that have been read. What not every run needs (the S3 client, JSON logs, a bar) is loaded where it
 * is needed; and threads, whose program is loaded while a server waits, need nothing of how settings are read and checked.
 */
export async function wireBy(
  settings: Settings,
  { environment, signal, log, progress, now }: WireOptions,
): Promise<Run> {
  const chosenLog = log ?? (await logFor(settings));
  const terminal = settings.BACKUP_LOG === 'text' && process.stderr.isTTY === true;
  return {
    settings,
    environment,
    log: chosenLog,
    progress: progress ?? (await (await import('./progress.js')).progressFor(chosenLog, terminal)),
    now: now ?? (() => new Date()),
    signal,
    version,
    storages: await configuredStorages(settings, chosenLog),
  };
}

/** On standard error: lines for people, or JSON without what a server quotes of rows. */
export async function logFor(settings: Pick<Settings, 'BACKUP_LOG'>): Promise<Log> {
  if (settings.BACKUP_LOG === 'text') return textLog((text) => process.stderr.write(text));
  const { jsonLog } = await import('./json-log.js');
  return jsonLog(version);
}
