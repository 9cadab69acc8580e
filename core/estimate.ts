import type { Manifest } from './manifest.js';

/** How much longer than its backup a restore usually takes: indexes and keys are built again, files are written one by one. */
const restoreFactor = { database: 3, media: 1.5 } as const;

/** Seconds that a restore will take, guessed from how long the backup took. */
export function estimateRestoreSeconds({ kind, startedAt, finishedAt }: Manifest): number {
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  return Math.max(1, Math.round(seconds * restoreFactor[kind]));
}
