import type { Random } from '../../support/random.js';
import type { Choice } from '../choice.js';
import type { Environment } from '../in-process.js';
import type { Scene } from '../scene.js';

/** The program as it runs. */
export interface Victim {
  readonly pid: number;
  /** About how long such a run takes, in milliseconds. */
  readonly typical: number;
  /** Aborted when it has ended. */
  readonly ended: AbortSignal;
}

/** A fault that is ready to happen. */
export interface Armed {
  /** What it was, in words. */
  readonly what: string;
  readonly env?: Environment;
  /** Meets the program while it runs. */
  readonly meet?: (victim: Victim) => Promise<void>;
  /** Ends the fault: the next run meets a healthy world. */
  readonly heal?: () => Promise<void>;
  /** The backup that was damaged on purpose. */
  readonly damages?: string;
  /** The program runs inside of this process, by this clock. */
  readonly clock?: () => Date;
}

/** One way for things to go wrong. */
export interface FaultKind {
  readonly name: string;
  fits(choice: Choice): boolean;
  /** Before the scene is set: changes what the backups' folder is. */
  readonly prepareFolder?: (folder: string) => Promise<void>;
  arm(scene: Scene, random: Random): Promise<Armed>;
}
