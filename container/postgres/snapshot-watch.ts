import prettyMilliseconds from 'pretty-ms';
import type { Run } from '../run.js';

/**
 * Warns while a snapshot is held for long, again and again: as long as it is held, vacuum removes no row that anybody
 * has deleted or changed since, in any table of the database.
 *
 * @returns ends the watch
 */
export function watchSnapshot({ settings, log }: Run, database: string): () => void {
  const every = settings.BACKUP_SNAPSHOT_WARN_MINUTES * 60_000;
  const began = performance.now();
  const timer = setInterval(() => {
    const held = prettyMilliseconds(performance.now() - began, { compact: true });
    log.warn(
      `the snapshot of "${database}" has been held for ${held}: vacuum cannot clear what changed since, so tables grow. More --jobs, another hour, or a standby would help`,
    );
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}
