import type { Manifest, ManifestFile } from '../manifest.js';

/** How one large table is loaded. */
export interface TableLoad {
  readonly name: string;
  readonly bytes: number;
  /** Each is one transaction of one worker. */
  readonly orders: readonly {
    readonly files: readonly ManifestFile[];
    readonly freeze: boolean;
    readonly bytes: number;
  }[];
  /**
   * What is built over it as soon as its rows are in, by catalog and oid, as the schema's table of contents names it.
   */
  readonly entries: ReadonlySet<string>;
}

/**
 * Decides how the parts of a parallel backup are shared. A table that fits into one worker's share is loaded by one
 * worker in one transaction, because its rows can then be written frozen: nothing has to visit them again. A larger one
 * is loaded by all at once.
 */
export function tableLoads({ files, database }: Manifest, workers: number): TableLoad[] {
  const byTable = new Map<string, ManifestFile[]>();
  for (const file of files) {
    if (!file.part) continue;
    const name = tableName(file.part);
    byTable.set(name, [...(byTable.get(name) ?? []), file]);
  }
  const total = sum([...byTable.values()].flat());
  return [...byTable].map(([name, parts]) => {
    const bytes = sum(parts);
    const together = bytes <= (total * frozenShare) / workers;
    const isLarge = bytes * buildAlone >= total;
    const entries = isLarge ? database?.indexes?.find((each) => tableName(each) === name)?.entries : undefined;
    return {
      name,
      bytes,
      orders: together
        ? [{ files: parts, freeze: true, bytes }]
        : parts.map((file) => ({ files: [file], freeze: false, bytes: uncompressed(file) })),
      entries: new Set(entries ?? []),
    };
  });
}

/** One worker's even share, and a third more: writing frozen saves about as much as that. */
const frozenShare = 1.33;

/**
 * A table of less than this part of all rows has its indexes built with what is left for the end: a program is started
 * for each table that has not.
 */
const buildAlone = 32;

function tableName({ schema, table }: { readonly schema: string; readonly table: string }): string {
  return JSON.stringify([schema, table]);
}

function uncompressed({ part }: ManifestFile): number {
  return part?.uncompressedBytes ?? 0;
}

function sum(files: readonly ManifestFile[]): number {
  return files.reduce((bytes, file) => bytes + uncompressed(file), 0);
}
