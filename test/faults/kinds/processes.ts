import { setTimeout as delay } from 'node:timers/promises';
import { type ChildProcessInfo, childrenOf } from '../../support/processes.js';
import type { Random } from '../../support/random.js';
import type { FaultKind, Victim } from './kind.js';

/** A moment of a run, sometimes after its end. */
function moment(random: Random): (victim: Victim) => Promise<void> {
  const thousandths = random.between(20, 1100);
  return ({ typical, ended }) => delay((typical * thousandths) / 1000, undefined, { signal: ended }).catch(() => {});
}

async function descendants(pid: number): Promise<ChildProcessInfo[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map((child) => descendants(child.pid)))).flat()];
}

function signalTo(pid: number, name: 'SIGKILL' | 'SIGTERM'): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended meanwhile
  }
}

export const processFaults: readonly FaultKind[] = [
  {
    name: 'SIGKILL of the program',
    fits: () => true,
    arm: async (_, random) => {
      const wait = moment(random);
      return {
        what: 'SIGKILL',
        meet: async (victim) => {
          await wait(victim);
          if (!victim.ended.aborted) signalTo(victim.pid, 'SIGKILL');
        },
      };
    },
  },
  {
    name: 'SIGKILL of a child',
    fits: ({ operation }) => operation !== 'cleanup' && operation !== 'verify',
    arm: async (_, random) => {
      const wait = moment(random);
      const which = random.between(0, 1000);
      return {
        what: 'SIGKILL of one of its programs',
        meet: async (victim) => {
          await wait(victim);
          for (; !victim.ended.aborted; await delay(5)) {
            const family = await descendants(victim.pid);
            const child = family[which % Math.max(1, family.length)];
            if (child) return signalTo(child.pid, 'SIGKILL');
          }
        },
      };
    },
  },
  {
    name: 'SIGTERM',
    fits: () => true,
    arm: async (_, random) => {
      const wait = moment(random);
      return {
        what: 'SIGTERM',
        meet: async (victim) => {
          await wait(victim);
          if (!victim.ended.aborted) signalTo(victim.pid, 'SIGTERM');
        },
      };
    },
  },
];
