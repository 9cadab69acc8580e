import { setTimeout as delay } from 'node:timers/promises';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { Kind } from '../core/archive-name.js';
import { OperatorError } from '../core/errors.js';
import { maintenanceDatabase } from './plan-database-restore.js';
import { isServerAtWork } from './postgres/at-work.js';
import { connectionFrom } from './postgres/connection.js';
import { endableSessions } from './postgres/endable-sessions.js';
import type { Run } from './run.js';
import { type Silent, StallWatch } from './streams/stall-watch.js';

/** Milliseconds that the server may take to say whether it is at work, and that clearing up may take after a stall. */
const patience = 60_000;

/**
 * Runs a backup or a restore that is ended where nothing has moved for BACKUP_STALL_MINUTES. Silence is in order while
 * the server is at work for us, as when it builds an index; and, of media files, before the first byte is expected.
 *
 * @throws OperatorError STALLED, STORAGE_STALLED
 */
export async function watched<T>(run: Run, kind: Kind, use: (run: Run) => Promise<T>): Promise<T> {
  const milliseconds = run.settings.BACKUP_STALL_MINUTES * 60_000;
  if (milliseconds === 0) return use(run);
  const stalled = new AbortController();
  const sessions = endableSessions();
  let clearing: NodeJS.Timeout | undefined;
  const watch = new StallWatch({
    milliseconds,
    isExcused: async (silent) => {
      if (kind === 'media') return silent.step === undefined;
      if (silent.side === 'storage') return false;
      const excused = await Promise.race([isAtWork(run), delay(patience, false, { ref: false })]);
      if (excused) run.log.info('nothing moves, and the server is at work: it is waited for');
      return excused;
    },
    onStalled: (silent) => {
      stalled.abort(stalledError(kind, silent, milliseconds));
      sessions.end();
      // What clears up afterwards may be met by the same silence.
      clearing = setInterval(sessions.end, patience);
    },
  });
  try {
    const signal = AbortSignal.any([run.signal, stalled.signal]);
    return await sessions.within(() => use({ ...run, signal, progress: watch.hearing(run.progress) }));
  } catch (error) {
    throw stalled.signal.aborted && !run.signal.aborted ? stalled.signal.reason : error;
  } finally {
    watch.stop();
    clearInterval(clearing);
  }
}

async function isAtWork(run: Run): Promise<boolean> {
  try {
    const connection = await connectionFrom(run.settings, run.environment);
    return await isServerAtWork(connection, await maintenanceDatabase(connection));
  } catch (error) {
    // A server with no session left to ask it in: a limit that may be passed again and again is better than a wrong end.
    return /too many (?:connections|clients)|remaining connection slots/i.test(String(error));
  }
}

function stalledError(kind: Kind, { step, bytes, side }: Silent, milliseconds: number): OperatorError {
  const where = `${step ?? 'at the beginning'}${bytes > 0 ? `, ${prettyBytes(bytes)} so far` : ''}`;
  const silence = `nothing has moved for ${prettyMilliseconds(milliseconds)} (${where})`;
  if (side === 'storage') {
    return new OperatorError(
      'STORAGE_STALLED',
      `${silence}: the storage was waited for`,
      'Look at its disk or its network mount, then run again. BACKUP_STALL_MINUTES allows for longer silence.',
    );
  }
  return kind === 'database'
    ? new OperatorError(
        'STALLED',
        `${silence}: the server was waited for, or the program that talks to it, and the server is not at work`,
        'The network, a proxy or a firewall between here and the server fell silent, or a program was stopped. Run again; BACKUP_STALL_MINUTES allows for longer silence.',
      )
    : new OperatorError(
        'STALLED',
        `${silence}: the media files were waited for`,
        'Look at the disk or the network mount that MEDIA_ROOT is on, then run again. BACKUP_STALL_MINUTES allows for longer silence.',
      );
}
