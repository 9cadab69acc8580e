import type { Progress, Step } from '../../core/log.js';

/** How often the silence is looked at, in one limit. */
const looksInALimit = 20;

export interface StallWatchOptions {
  readonly milliseconds: number;
  /** Asked once the limit is reached: whether the silence is in order. Then it may last as long again. */
  readonly isExcused: (silent: Silent) => Promise<boolean>;
  readonly onStalled: (silent: Silent) => void;
}

/** What was silent. */
export interface Silent {
  /** What was done last: `dumping`. Undefined before the first step. */
  readonly step: string | undefined;
  readonly bytes: number;
  readonly side: Side;
}

/** Who is waited for: what bytes come from or go to at the other end, or the storage. */
export type Side = 'source' | 'storage';

/**
 * Notices that nothing moves any more. What moves it learns from the progress that steps tell: one place for all pipes,
 * sessions and threads. It counts looks, not hours, so that a process or a machine that was stopped meanwhile has not
 * been silent.
 */
export class StallWatch {
  private looks = 0;
  private asking = false;
  private step: string | undefined;
  private bytes = 0;
  private side: () => Side = () => 'source';
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: StallWatchOptions) {
    this.timer = setInterval(() => void this.look(), options.milliseconds / looksInALimit);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The same progress, listened to. */
  hearing(progress: Progress): Progress {
    return {
      start: (what, total) => {
        this.looks = 0;
        this.step = what;
        this.bytes = 0;
        this.side = () => 'source';
        return this.hearingStep(progress.start(what, total));
      },
    };
  }

  private hearingStep(step: Step): Step {
    let most = 0;
    return {
      update: (done) => {
        if (done > most) {
          most = done;
          this.bytes = done;
          this.looks = 0;
        }
        step.update(done);
      },
      excuse: () => {
        this.looks = 0;
      },
      waitsFor: (side) => {
        this.side = side;
      },
      end: () => {
        this.looks = 0;
        step.end();
      },
    };
  }

  private async look(): Promise<void> {
    this.looks += 1;
    if (this.looks < looksInALimit || this.asking) return;
    this.asking = true;
    const silent = { step: this.step, bytes: this.bytes, side: this.side() };
    const excused = await this.options.isExcused(silent);
    this.asking = false;
    // While it was asked, something may have moved after all.
    if (this.looks < looksInALimit) return;
    this.looks = 0;
    if (excused) return;
    this.stop();
    this.options.onStalled(silent);
  }
}
