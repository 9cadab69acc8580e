import type { Measured, Way } from './measure.js';
import type { Scene } from './scene.js';

export interface Figure {
  readonly text: string;
  readonly ratio: number;
  readonly goal: number;
}

export interface Case {
  readonly name: string;
  readonly what: string;
  readonly needs: 'database' | 'media' | 'pgbench';
  readonly skipped?: string;
  /** Ours first. Undefined where it cannot be measured here. */
  ways(scene: Scene): Promise<readonly Way[] | undefined>;
  figures(measured: readonly Measured[], scene: Scene): Promise<readonly Figure[]>;
}
