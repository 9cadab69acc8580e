import { folderOf, parseObjectName } from '../archive-name.js';
import type { Target } from './model.js';

/** A run that left files and no manifest. */
export interface Leftover {
  readonly time: Date;
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly storage: string;
}

/** The runs that were begun and left no backup in any storage, newest first. */
export function leftoversOf({ sources, backups, kind, target }: Target): Leftover[] {
  const complete = new Set(backups.map(({ time }) => time.getTime()));
  const found = new Map<string, Leftover>();
  for (const { storage, catalog } of sources) {
    for (const { key, bytes } of catalog.unvouched) {
      const parsed = parseObjectName(key.slice(folderOf(kind, target).length));
      if (!parsed || complete.has(parsed.time.getTime())) continue;
      const known = found.get(parsed.name) ?? { time: parsed.time, name: parsed.name, files: 0, bytes: 0, storage };
      found.set(parsed.name, { ...known, files: known.files + 1, bytes: known.bytes + bytes });
    }
  }
  return [...found.values()].sort((a, b) => b.time.getTime() - a.time.getTime());
}
