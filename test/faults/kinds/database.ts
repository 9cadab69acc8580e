import { setTimeout as delay } from 'node:timers/promises';
import { tcpProxy } from '../../support/proxy.js';
import type { Choice } from '../choice.js';
import type { FaultKind } from './kind.js';

const usesDatabase = ({ operation }: Choice) => operation === 'backup' || operation.startsWith('restore');

export const databaseFaults: readonly FaultKind[] = [
  {
    name: 'pg_terminate_backend',
    fits: usesDatabase,
    arm: async ({ world }, random) => {
      const thousandths = random.between(50, 1000);
      const which = random.between(0, 1000);
      return {
        what: 'the server ends one session',
        meet: async ({ typical, ended }) => {
          await delay((typical * thousandths) / 1000, undefined, { signal: ended }).catch(() => {});
          for (; !ended.aborted; await delay(10)) {
            const sessions = await world.ask<{ pid: number }>(
              'postgres',
              "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'respaldo%' ORDER BY pid",
            );
            const session = sessions[which % Math.max(1, sessions.length)];
            if (session) return void (await world.ask('postgres', 'SELECT pg_terminate_backend($1)', [session.pid]));
          }
        },
      };
    },
  },
  {
    name: 'connection to PostgreSQL broken or slow',
    fits: usesDatabase,
    arm: async ({ world, env }, random) => {
      const what = random.pick(['reset', 'close', 'pause'] as const);
      const after = Math.floor(2 ** (random.between(0, 2300) / 100));
      const broken = new Set(Array.from({ length: 12 }, (_, index) => index).filter(() => random.chance(35)));
      const port = await tcpProxy(world.server.port, (connection) =>
        broken.has(connection) ? { after, what } : undefined,
      );
      return {
        what: `${what} after ${after} bytes of connections ${[...broken].join(' ')}`,
        env: { DATABASE_URL: (env.DATABASE_URL ?? '').replace(`:${world.server.port}/`, `:${port}/`) },
      };
    },
  },
];
