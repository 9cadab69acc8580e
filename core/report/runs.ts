import { failedRuns } from './failures.js';
import type { Target } from './model.js';

type Outcome = 'proved' | 'backed up' | 'failed';

/** One of the last runs, whether it made a backup or not. */
export interface RunLine {
  readonly id: string;
  readonly time: Date;
  readonly outcome: Outcome;
  readonly bytes: number;
  /** How long it took, where its manifest was read. */
  readonly seconds: number | undefined;
  /** It is a backup, whatever else is said of it. */
  readonly restorable: boolean;
  /** `custom, zstd, age`; or what went wrong. */
  readonly what: string;
}

/** Newest first. */
export function runsOf(target: Target, limit: number): RunLine[] {
  const { backups, facts } = target;
  const made = backups.slice(0, limit).map(({ id, time, bytes, verified, drillFailed }): RunLine => {
    const { manifest, damage, drill } = facts.get(id) ?? {};
    const trouble =
      damage ?? (drillFailed ? `its drill failed${drill ? `: ${drill.differences[0] ?? ''}` : ''}` : undefined);
    return {
      id,
      time,
      outcome: trouble !== undefined ? 'failed' : verified ? 'proved' : 'backed up',
      bytes,
      seconds: manifest && (Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt)) / 1000,
      restorable: damage === undefined,
      what: trouble ?? (manifest ? describe(manifest) : ''),
    };
  });
  const failed = failedRuns(target)
    .slice(0, limit)
    .map(({ open: _, ...run }): RunLine => ({ ...run, outcome: 'failed', seconds: undefined, restorable: false }));
  return [...made, ...failed].sort((a, b) => b.time.getTime() - a.time.getTime()).slice(0, limit);
}

type Described = NonNullable<ReturnType<Target['facts']['get']>>['manifest'];

function describe(manifest: NonNullable<Described>): string {
  const { format, compression, encryption, database, media } = manifest;
  const wrapping = [format, compression.method, encryption.method].filter((word) => word !== 'none').join(', ');
  if (database) return `PostgreSQL ${database.serverVersion}, ${database.tables.length} tables; ${wrapping}`;
  return `${media?.files.toLocaleString('en')} files; ${wrapping}`;
}
