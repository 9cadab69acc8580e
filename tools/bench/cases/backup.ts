import type { Case } from '../case.js';
import { backup, counting, memory, shell, wall } from '../ways.js';

export const backupCases: readonly Case[] = [
  {
    name: 'backup-pigz',
    what: 'the default backup against the same pipe with pigz and its digest',
    needs: 'database',
    ways: async (scene) => [
      backup(scene, '--database'),
      shell(
        'pg_dump | pigz | tee | sha256sum',
        `pg_dump ${scene.url} | pigz | tee ${scene.folder}/other.gz | sha256sum`,
      ),
    ],
    figures: async ([ours, other]) => [
      wall('ours / pg_dump | pigz | sha256sum', [ours, other], 1.05),
      memory(ours, 256),
    ],
  },
  {
    name: 'backup-zstd',
    what: 'a zstd backup against the same pipe with its digest',
    needs: 'database',
    ways: async (scene) => [
      backup(scene, '--database', '--compression', 'zstd'),
      shell(
        'pg_dump | zstd -T0 | tee | sha256sum',
        `pg_dump ${scene.url} | zstd -q -T0 | tee ${scene.folder}/other.zst | sha256sum`,
      ),
      { ...backup(scene, '--database', '--compression', 'zstd'), env: counting(scene) },
    ],
    figures: async ([ours, other, counted]) => [
      wall('ours / pg_dump | zstd -T0 | sha256sum', [ours, other], 1.05),
      wall('ours, rows counted but not hashed / the same', [counted, other], 1.05),
      memory(ours, 256),
    ],
  },
  {
    name: 'backup-gzip',
    what: 'the default backup against pg_dump | gzip',
    needs: 'database',
    ways: async (scene) => [
      backup(scene, '--database'),
      shell('pg_dump | gzip', `pg_dump ${scene.url} | gzip >${scene.folder}/other.gz`),
      { ...backup(scene, '--database'), env: counting(scene) },
    ],
    figures: async ([ours, other, counted], scene) => [
      wall('ours / pg_dump | gzip', [ours, other], 0.2),
      wall('ours, rows counted but not hashed / the same', [counted, other], 0.2),
      {
        text: 'size, ours / gzip',
        ratio: (await scene.bytes(await scene.newest(/\.sql\.gz$/))) / (await scene.bytes(`${scene.folder}/other.gz`)),
        goal: 1.1,
      },
    ],
  },
];
