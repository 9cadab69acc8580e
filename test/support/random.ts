import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Random choices that a seed repeats. */
export class Random {
  private readonly generator;

  constructor(readonly seed: number) {
    this.generator = xoroshiro128plus(seed);
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return uniformInt(this.generator, from, Math.max(from, to));
  }

  chance(percent: number): boolean {
    return this.between(1, 100) <= percent;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error('nothing to choose from');
    return from[this.between(0, from.length - 1)] as T;
  }
}
