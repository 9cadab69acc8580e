import { folderOf, parseObjectName, timeOfStamp } from '../archive-name.js';
import { incidentFolder, readNote } from '../deployed/incidents.js';
import type { Storage, StoredObject } from '../storage.js';
import type { Target } from './model.js';
import type { TargetKey } from './sources.js';

/** A run that made no backup. */
export interface FailedRun {
  readonly time: Date;
  /** The name that its backup would have, or its task's. */
  readonly id: string;
  readonly bytes: number;
  readonly what: string;
  /** It may still be at work: it left files, and nobody has told that it ended. */
  readonly open: boolean;
}

/** The runs that were begun and left no backup in any storage, newest first: told of by a note, or by what they left. */
export function failedRuns({ sources, backups, kind, target }: Target): FailedRun[] {
  const complete = new Set(backups.map(({ time }) => time.getTime()));
  const left = new Map<string, FailedRun & { readonly files: number }>();
  for (const { catalog } of sources) {
    for (const { key, bytes } of catalog.unvouched) {
      const parsed = parseObjectName(key.slice(folderOf(kind, target).length));
      if (!parsed || complete.has(parsed.time.getTime())) continue;
      const known = left.get(parsed.name) ?? { time: parsed.time, id: parsed.name, files: 0, bytes: 0, open: true };
      const files = known.files + 1;
      const what = `no manifest beside ${files === 1 ? 'its file' : `its ${files} files`}: interrupted, or still at work`;
      left.set(parsed.name, { ...known, files, bytes: known.bytes + bytes, what });
    }
  }
  const noted = sources.flatMap(({ failures = [] }) => failures);
  return [...[...left.values()].map(({ files: _, ...run }) => run), ...noted].sort(
    (a, b) => b.time.getTime() - a.time.getTime(),
  );
}

/** Notes of which the reason is read; of the others the listing tells when it was. */
const notesRead = 10;

/** The notes of failures that an environment keeps beside its vault's backups; see core/deployed/incidents.ts. */
export async function gatherFailures(incidents: Storage, key: TargetKey): Promise<FailedRun[]> {
  const folder = incidentFolder({ job: 'backup', ...key });
  const notes: { readonly time: Date; readonly note: StoredObject }[] = [];
  for await (const note of incidents.list(folder)) {
    const time = timeOfStamp(note.key.slice(folder.length, folder.length + 15));
    if (time) notes.push({ time, note });
  }
  notes.sort((a, b) => b.time.getTime() - a.time.getTime());
  return Promise.all(
    notes.map(async ({ time, note }, index) => ({
      time,
      id: note.key.slice(folder.length).replace(/\.json$/, ''),
      bytes: 0,
      open: false,
      what: index < notesRead ? await reasonOf(incidents, note.key) : 'its task failed',
    })),
  );
}

async function reasonOf(incidents: Storage, key: string): Promise<string> {
  try {
    const { detail } = await readNote(incidents, key);
    if (detail && 'reason' in detail) return `${detail.code}: ${detail.reason}`;
  } catch {
    // the note's name has told that and when it failed, which is what matters
  }
  return 'its task failed';
}
