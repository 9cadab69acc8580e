import { SingleBar } from 'cli-progress';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { Log, Progress, Step } from '../core/log.js';

/** Seconds between two lines in a log. */
const interval = 15_000;

/** A bar on a terminal, a line now and then in a log. */
export function progressFor(log: Log, terminal: boolean): Progress {
  let current: Step | undefined;
  return {
    start(what, total) {
      current?.end();
      current = terminal ? barStep(what, total ?? 0) : lineStep(what, total ?? 0, log);
      return current;
    },
  };
}

function barStep(what: string, total: number): Step {
  const bar = new SingleBar({
    format: ({ barCompleteString = '', barIncompleteString = '', barsize = 30 }, { progress, value, startTime }) => {
      const done = Math.min(barsize, Math.round(progress * barsize));
      const drawn =
        total > 0 ? `${barCompleteString.slice(0, done)}${barIncompleteString.slice(0, barsize - done)} ` : '';
      return `${drawn}${describe(what, value, total, Date.now() - startTime)}`;
    },
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    fps: 4,
    etaBuffer: 50,
  });
  bar.start(Math.max(total, 1), 0);
  return { update: (done) => bar.update(Math.min(done, Math.max(total, done))), end: () => bar.stop() };
}

function lineStep(what: string, total: number, log: Log): Step {
  const started = Date.now();
  let last = started;
  return {
    update(done) {
      if (Date.now() - last < interval) return;
      last = Date.now();
      log.info(describe(what, done, total, last - started));
    },
    end() {},
  };
}

/** `pg_dump: 1.2 GB of about 3 GB, 210 MB/s, about 9 s left`. */
function describe(what: string, done: number, total: number, milliseconds: number): string {
  const rate = milliseconds > 0 ? (done / milliseconds) * 1000 : 0;
  const parts = [`${what}: ${prettyBytes(done)}${total > 0 ? ` of about ${prettyBytes(total)}` : ''}`];
  if (milliseconds > 1_000) parts.push(`${prettyBytes(rate)}/s`);
  if (rate > 0 && total > done && milliseconds > 3_000) {
    parts.push(`about ${prettyMilliseconds(Math.round((total - done) / rate) * 1000, { compact: true })} left`);
  }
  return parts.join(', ');
}
