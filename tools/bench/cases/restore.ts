import type { Case } from '../case.js';
import { freshOther, inDatabase, memory, prepareBackup, restore, shell, wall } from '../ways.js';

export const restoreCases: readonly Case[] = [
  {
    name: 'restore-zstd',
    what: 'restoring plain SQL against zstd -d | psql',
    needs: 'database',
    ways: async (scene) => {
      await prepareBackup(scene, ['--database', '--compression', 'zstd']);
      const file = await scene.newest(/\.sql\.zst$/);
      return [
        restore(scene),
        {
          ...shell('zstd -dc | psql', `zstd -dc ${file} | psql -q -o /dev/null ${inDatabase(scene.url, 'other')}`),
          before: freshOther(scene, 'other'),
        },
      ];
    },
    figures: async ([ours, other]) => [wall('ours / zstd -dc | psql', [ours, other], 1.05), memory(ours, 256)],
  },
  {
    name: 'restore-gzip',
    what: 'restoring plain SQL against gunzip | psql',
    needs: 'database',
    ways: async (scene) => {
      await prepareBackup(scene, ['--database']);
      const file = await scene.newest(/\.sql\.gz$/);
      return [
        restore(scene),
        {
          ...shell('gunzip -c | psql', `gunzip -c ${file} | psql -q -o /dev/null ${inDatabase(scene.url, 'other')}`),
          before: freshOther(scene, 'other'),
        },
      ];
    },
    figures: async ([ours, other]) => [wall('ours / gunzip | psql', [ours, other], 1.05)],
  },
];
