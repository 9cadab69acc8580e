import type { Case } from '../case.js';
import { backup, counting, wall } from '../ways.js';

export const fingerprintCases: readonly Case[] = [
  {
    name: 'fingerprint',
    what: 'what hashing every row costs, beside counting them',
    needs: 'database',
    ways: async (scene) => [
      backup(scene, '--database', '--format', 'parallel'),
      { ...backup(scene, '--database', '--format', 'parallel'), env: counting(scene) },
      backup(scene, '--database'),
      { ...backup(scene, '--database'), env: counting(scene) },
    ],
    figures: async ([parallel, counted, plain, plainCounted]) => [
      wall('parallel, full / counts', [parallel, counted], 1.25),
      wall('plain, full / counts', [plain, plainCounted], 1.25),
    ],
  },
];
