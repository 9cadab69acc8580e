import type { Case } from '../case.js';
import { canMakeHosts, makeHosts } from '../hosts.js';
import type { Way } from '../measure.js';
import { environment, forget, shell, wall } from '../ways.js';

export const tasksCases: readonly Case[] = [
  {
    name: 'tasks',
    what: 'a parallel dump by three hosts, each with a link of 20 MB/s, against one such host',
    needs: 'database',
    skipped: 'it takes Linux, root and iproute2',
    ways: async (scene) => {
      if (!(await canMakeHosts())) return undefined;
      const hosts = await makeHosts(3, 20_000_000);
      const url = new URL(scene.url);
      const server = await hosts.forward(Number(url.port));
      url.host = `${server.host}:${server.port}`;
      const program = (number: number | '{n}') =>
        [...hosts.enter(number), process.execPath, 'dist/respaldo.js'].join(' ');
      const dump = (tasks: number): Way => ({
        ...shell(
          `respaldo backup --tasks ${tasks}`,
          `exec ${program(1)} backup --database --format parallel --tasks ${tasks}`,
        ),
        env: {
          ...environment(scene),
          DATABASE_URL: url.href,
          BACKUP_PARALLEL_PART_MB: '8',
          BACKUP_TASKS_ADDRESS: hosts.address(1),
          BACKUP_TASKS_COMMAND: program('{n}'),
        },
        before: forget(scene),
      });
      return [dump(3), dump(1)];
    },
    figures: async ([three, one]) => [wall('three hosts / one, 2.7 times as fast or more', [three, one], 0.37)],
  },
];
