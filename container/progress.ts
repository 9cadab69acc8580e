import type { Log, Progress, Step } from '../core/log.js';
import { describe } from './progress-words.js';

/** Seconds between two lines in a log. */
const interval = 15_000;

/** A bar on a terminal, a line now and then in a log. */
export async function progressFor(log: Log, terminal: boolean): Promise<Progress> {
  const step = terminal ? (await import('./progress-bar.js')).barStep : lineStep(log);
  let current: Step | undefined;
  return {
    start(what, total) {
      current?.end();
      current = step(what, total ?? 0);
      return current;
    },
  };
}

function lineStep(log: Log) {
  return (what: string, total: number): Step => {
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
  };
}
