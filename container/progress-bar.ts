import { SingleBar } from 'cli-progress';
import type { Step } from '../core/log.js';
import { describe } from './progress-words.js';

/** A bar on a terminal. */
export function barStep(what: string, total: number): Step {
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
