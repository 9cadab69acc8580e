import type { Manifest } from './manifest.js';

/** Something about a new backup that its people should look at before rotation retires the older ones. */
export interface Anomaly {
  readonly what: 'table gone' | 'rows down' | 'size down' | 'files down' | 'schema changed';
  /** The table, where it is about one. */
  readonly table?: string;
  readonly before: number;
  readonly now: number;
  /** One line for people. */
  readonly text: string;
}

/** Fewer rows or files than this come and go. */
const worthALook = 20;

/**
 * Compares a new backup with the one before it. Backups of a selection are not compared.
 *
 * @param percent how much less of rows, files or bytes is an anomaly; 0 turns all of it off
 */
export function findAnomalies(before: Manifest, now: Manifest, percent: number): Anomaly[] {
  if (percent === 0 || before.database?.selection || now.database?.selection) return [];
  return [
    ...sizeDown(before, now, percent),
    ...filesDown(before, now, percent),
    ...tablesDown(before, now, percent),
    ...schemaChanged(before, now),
  ];
}

function isDown(before: number, now: number, percent: number): boolean {
  return now < before * (1 - percent / 100);
}

function sizeDown(before: Manifest, now: Manifest, percent: number): Anomaly[] {
  // What a format or a compression makes of the same data says nothing.
  const comparable = before.format === now.format && before.compression.method === now.compression.method;
  const [was, is] = comparable ? [stored(before), stored(now)] : [before.uncompressedBytes, now.uncompressedBytes];
  if (before.format !== now.format || !isDown(was, is, percent)) return [];
  return [{ what: 'size down', before: was, now: is, text: `the backup has ${is} bytes, the one before had ${was}` }];
}

function stored({ files }: Manifest): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function filesDown({ media: before }: Manifest, { media: now }: Manifest, percent: number): Anomaly[] {
  if (!before || !now || before.files < worthALook || !isDown(before.files, now.files, percent)) return [];
  const text = `${now.files} files are there, ${before.files} were`;
  return [{ what: 'files down', before: before.files, now: now.files, text }];
}

function tablesDown(before: Manifest, now: Manifest, percent: number): Anomaly[] {
  const present = new Map((now.database?.tables ?? []).map((table) => [`${table.schema}.${table.name}`, table.rows]));
  return (before.database?.tables ?? []).flatMap((old): Anomaly[] => {
    const table = `${old.schema}.${old.name}`;
    const was = old.rows ?? 0;
    if (!present.has(table))
      return [{ what: 'table gone', table, before: was, now: 0, text: `table ${table} is gone; it had ${was} rows` }];
    const rows = present.get(table);
    if (rows === undefined || was < worthALook || !isDown(was, rows, percent)) return [];
    return [
      { what: 'rows down', table, before: was, now: rows, text: `table ${table} has ${rows} rows, it had ${was}` },
    ];
  });
}

function schemaChanged(before: Manifest, now: Manifest): Anomaly[] {
  const old = before.database?.fingerprint?.objects;
  const current = now.database?.fingerprint?.objects;
  // Another version of the server words the same definitions differently.
  if (!old || !current || before.database?.serverVersion !== now.database?.serverVersion) return [];
  const gone = Object.keys(old).filter((name) => current[name] === undefined);
  const added = Object.keys(current).filter((name) => old[name] === undefined);
  const different = Object.keys(current).filter((name) => old[name] !== undefined && old[name] !== current[name]);
  const all = [...gone, ...different, ...added];
  if (all.length === 0) return [];
  const named = all.slice(0, 5).join(', ') + (all.length > 5 ? ', …' : '');
  const text = `the schema changed: ${added.length} definitions new, ${gone.length} gone, ${different.length} different (${named})`;
  return [{ what: 'schema changed', before: Object.keys(old).length, now: Object.keys(current).length, text }];
}
