import type { Case } from '../case.js';
import { backup, memory, shell, wall } from '../ways.js';

export const mediaCases: readonly Case[] = [
  {
    name: 'media-gzip',
    what: 'a media backup of 20,000 files against tar | gzip',
    needs: 'media',
    ways: async (scene) => [
      backup(scene, '--media'),
      shell('tar | gzip', `tar -C ${scene.media} -cf - . | gzip >${scene.folder}/other.tar.gz`),
    ],
    figures: async ([ours, other], scene) => [
      wall('ours / tar | gzip', [ours, other], 0.1),
      {
        text: 'size, ours / gzip',
        ratio:
          (await scene.bytes(await scene.newest(/\.tar\.gz$/))) / (await scene.bytes(`${scene.folder}/other.tar.gz`)),
        goal: 1.1,
      },
      memory(ours, 256),
    ],
  },
];
