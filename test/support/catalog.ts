import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { backupName, folderOf, type Kind, manifestSuffix } from '../../core/archive-name.js';
import { type Manifest, serializeManifest } from '../../core/manifest.js';

export interface MadeBackup {
  readonly time: Date;
  readonly kind?: Kind;
  readonly target?: string;
  /** The archive's content; its digest in the manifest is not of it. */
  readonly content?: string;
}

/** The files of a whole-looking backup of a given time, by key: for tests of listing, retention and freshness. */
export function madeBackup({
  time,
  kind = 'database',
  target = '',
  content = 'made up',
}: MadeBackup): Record<string, Buffer> {
  const name = backupName(kind, time);
  const base = `${folderOf(kind, target)}${name}`;
  const key = `${base}${kind === 'database' ? '.sql.gz' : '.tar.gz'}`;
  const manifest: Manifest = {
    schemaVersion: 1,
    id: target === '' ? name : `${target}/${name}`,
    kind,
    target,
    program: { name: 'respaldo', version: '0.0.0' },
    startedAt: time.toISOString(),
    finishedAt: new Date(time.getTime() + 1000).toISOString(),
    format: kind === 'database' ? 'plain' : 'tar',
    compression: { method: 'gzip' },
    encryption: { method: 'none' },
    files: [{ key, role: 'archive', bytes: content.length, sha256: '0'.repeat(64) }],
    uncompressedBytes: content.length,
    ...(kind === 'database'
      ? {
          database: {
            ...{
              name: 'crm',
              bytes: 1,
              serverVersion: '15.0',
              clientVersion: '15.0',
              encoding: 'UTF8',
              collation: 'C',
              ctype: 'C',
              owner: 'x',
            },
            ...{ extensions: [], roles: [], owners: [], tables: [] },
          },
        }
      : { media: { source: '/media', files: 1, bytes: 1 } }),
    warnings: [],
  };
  return { [key]: Buffer.from(content), [`${base}${manifestSuffix}`]: serializeManifest(manifest) };
}

/** Writes made backups into a local storage. */
export async function putBackups(folder: string, backups: readonly MadeBackup[]): Promise<void> {
  for (const backup of backups) {
    for (const [key, bytes] of Object.entries(madeBackup(backup))) {
      await mkdir(dirname(join(folder, key)), { recursive: true });
      await writeFile(join(folder, key), bytes);
    }
  }
}

export function daysAgo(days: number): Date {
  return new Date(Date.now() - days * 86_400_000);
}
