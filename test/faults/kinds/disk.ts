import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { enlargeDisk, mountSmallDisk } from '../../support/disk.js';
import type { FaultKind } from './kind.js';

const plenty = 1_048_576;

/** Only where disks can be mounted. */
export const diskFaults: readonly FaultKind[] = [
  {
    name: 'full disk',
    fits: ({ operation, storage }) => (operation === 'backup' && storage === 'local') || operation === 'drill',
    prepareFolder: (folder) => mountSmallDisk(folder, plenty),
    arm: async ({ folder, choice }, random) => {
      const disk = choice.operation === 'drill' ? join(folder, 'drill') : join(folder, 'backups');
      if (choice.operation === 'drill') await mountSmallDisk(disk, plenty);
      const { blocks, bfree, bsize } = await statfs(disk);
      const used = ((blocks - bfree) * bsize) / 1024;
      const left = choice.operation === 'drill' ? random.between(20_000, 120_000) : random.between(4, 9_500);
      await enlargeDisk(disk, Math.ceil(used) + left);
      return { what: `${left} kB left`, heal: () => enlargeDisk(disk, plenty) };
    },
  },
];
