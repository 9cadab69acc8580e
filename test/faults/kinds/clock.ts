import type { FaultKind } from './kind.js';

const day = 86_400_000;

export const clockFaults: readonly FaultKind[] = [
  {
    name: 'clock jumps',
    // The clock is this process'; the threads of parallel backups are in the built program only.
    fits: ({ operation, variant }) => operation !== 'verify' && variant.format !== 'parallel',
    arm: async (_, random) => {
      const shift = random.between(-400 * day, 400 * day);
      const jumps = random.chance(50);
      return {
        what: `by ${Math.round(shift / 3_600_000)} h${jumps ? ', again and again' : ''}`,
        env: { BACKUP_RETENTION_DAYS: String(random.between(0, 3)) },
        clock: () => new Date(Date.now() + (jumps && random.chance(50) ? 0 : shift)),
      };
    },
  },
];
