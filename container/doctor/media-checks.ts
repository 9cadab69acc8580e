import prettyBytes from 'pretty-bytes';
import { isBucket } from '../backup-media.js';
import { assertApart } from '../media/apart.js';
import { keptFolders, planPlace } from '../media/place.js';
import { assertFolder, survey } from '../media/tar.js';
import { openMediaBucket } from '../open-storages.js';
import type { Run } from '../run.js';
import { type Check, warn } from './check.js';

/** Whether the media files are there, can be read, and could be put back. */
export function mediaChecks(run: Run): Check[] {
  const { MEDIA_ROOT: root, BACKUP_MEDIA_EXCLUDE: exclude } = run.settings;
  if (root === undefined) return [];
  if (isBucket(root)) return [{ what: 'media objects', run: () => objects(run, root) }];
  return [
    {
      what: 'media files',
      run: async () => {
        await assertFolder(root);
        await assertApart(root, run);
        const { files, bytes } = await survey({ root, exclude, without: [] }, run.signal);
        if (files > 0) return `${files.toLocaleString('en')} files, ${prettyBytes(bytes)}, in ${root}`;
        return warn(`${root} holds no files`, 'See that the volume is mounted, and that MEDIA_ROOT is right.');
      },
    },
    {
      what: 'media restore',
      run: async () => {
        const { manner } = await planPlace(root, run.now());
        return manner === 'beside'
          ? `${root} can be exchanged in one step`
          : `${root} must stay where it is: its contents are exchanged, one level inside`;
      },
    },
    { what: 'kept folders', run: () => kept(root) },
  ];
}

async function kept(root: string) {
  const folders = await keptFolders(root);
  if (folders.length === 0) return 'none from earlier restores';
  return warn(
    `from earlier restores: ${folders.join(', ')}`,
    `When they are not needed any more: ${folders.map((folder) => `rm -r '${folder.replaceAll("'", "'\\''")}'`).join('; ')}`,
  );
}

async function objects({ settings }: Run, root: string) {
  const { listMedia } = await import('../media/bucket.js');
  const bucket = await openMediaBucket(root, settings);
  for await (const { key } of listMedia(bucket)) return `${root} can be listed; it begins with ${JSON.stringify(key)}`;
  return warn(`${root} holds no objects`, 'See that the prefix of MEDIA_ROOT is right.');
}
