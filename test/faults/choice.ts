import type { Compression } from '../../core/archive-name.js';
import type { Random } from '../support/random.js';

const operations = ['backup', 'restore', 'restore in place', 'cleanup', 'drill', 'verify'] as const;
export type Operation = (typeof operations)[number];

/** How the backups of a round are made. */
export interface Variant {
  readonly format: 'plain' | 'custom' | 'parallel';
  readonly compression: Compression;
}

const variants: readonly Variant[] = [
  { format: 'plain', compression: 'gzip' },
  { format: 'plain', compression: 'zstd' },
  { format: 'plain', compression: 'none' },
  { format: 'custom', compression: 'gzip' },
  { format: 'custom', compression: 'zstd' },
  { format: 'parallel', compression: 'zstd' },
];

/** What one round does, before anything goes wrong. */
export interface Choice {
  readonly operation: Operation;
  readonly storage: 'local' | 's3';
  readonly variant: Variant;
}

export function choose(random: Random, hasS3: boolean): Choice {
  const variant = random.pick(variants);
  // Drills take the longest, so there are fewer of them.
  const weights: Record<Operation, number> = {
    backup: 32,
    restore: 30,
    'restore in place': variant.format === 'parallel' ? 0 : 10,
    cleanup: 12,
    drill: 8,
    verify: 8,
  };
  const operation = random.pick(operations.flatMap((each) => Array<Operation>(weights[each]).fill(each)));
  return { operation, storage: hasS3 && random.chance(45) ? 's3' : 'local', variant };
}

export function describeChoice({ operation, storage, variant }: Choice): string {
  return `${operation}, ${storage}, ${variant.format}, ${variant.compression}`;
}

/** The command line of it. */
export function argumentsOf({ operation, variant }: Choice): string[] {
  const { format, compression } = variant;
  switch (operation) {
    case 'backup':
      return ['backup', '--database', '--format', format, '--compression', compression];
    case 'restore':
      return ['restore', '--latest', '--force', '--json'];
    case 'restore in place':
      return ['restore', '--latest', '--force', '--json', '--in-place'];
    case 'cleanup':
      return ['cleanup', '--force'];
    case 'drill':
      return ['drill', '--latest'];
    case 'verify':
      return ['verify', '--all'];
  }
}
