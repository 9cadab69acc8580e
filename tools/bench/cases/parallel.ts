import { join } from 'node:path';
import type { Case } from '../case.js';
import {
  backup,
  counting,
  freshOther,
  inDatabase,
  memory,
  prepareBackup,
  restore,
  runShell,
  shell,
  wall,
} from '../ways.js';

export const parallelCases: readonly Case[] = [
  {
    name: 'parallel-dump',
    what: 'a parallel dump against pg_dump into gzip and zstd',
    needs: 'database',
    ways: async (scene) => [
      { ...backup(scene, '--database', '--format', 'parallel'), env: counting(scene) },
      shell('pg_dump | gzip', `pg_dump ${scene.url} | gzip >${scene.folder}/other.gz`),
      shell('pg_dump | zstd -3 -T0', `pg_dump ${scene.url} | zstd -q -3 -T0 >${scene.folder}/other.zst`),
    ],
    figures: async ([ours, gzip, zstd], scene) => [
      wall('ours / pg_dump | gzip', [ours, gzip], 0.11),
      wall('ours / pg_dump | zstd -3 -T0', [ours, zstd], 0.66),
      {
        text: 'processor time with the server’s, ours / pg_dump | gzip',
        ratio: (ours?.cpuSeconds ?? Number.NaN) / (gzip?.cpuSeconds ?? Number.NaN),
        goal: 0.2,
      },
      {
        text: 'size, ours / gzip',
        ratio: (await scene.bytes(join(scene.folder, 'backups'))) / (await scene.bytes(`${scene.folder}/other.gz`)),
        goal: 1.01,
      },
      memory(ours, 512),
    ],
  },
  {
    name: 'parallel-dump-directory',
    what: 'a parallel dump against another pg_dump’s -Fd -j2 --compress=zstd:1 to disk',
    needs: 'database',
    skipped: 'no --other-pg-dump was given',
    ways: async (scene) =>
      scene.otherPgDump === undefined
        ? undefined
        : [
            { ...backup(scene, '--database', '--format', 'parallel'), env: counting(scene) },
            shell(
              'pg_dump -Fd -j2 --compress=zstd:1',
              `rm -rf ${scene.folder}/fd; ${scene.otherPgDump} -Fd -j2 --compress=zstd:1 -f ${scene.folder}/fd ${scene.url}`,
            ),
          ],
    figures: async ([ours, other]) => [wall('ours / pg_dump -Fd -j2 --compress=zstd:1', [ours, other], 1)],
  },
  {
    name: 'pgbench-dump',
    what: 'a parallel dump of a pgbench database, most of which is one table',
    needs: 'pgbench',
    ways: async (scene) => [
      {
        ...backup(scene, '--database', '--format', 'parallel'),
        env: { ...counting(scene), DATABASE_URL: scene.pgbenchUrl },
      },
      shell('pg_dump | zstd -3 -T0', `pg_dump ${scene.pgbenchUrl} | zstd -q -3 -T0 >${scene.folder}/other.zst`),
    ],
    figures: async ([ours, zstd]) => [wall('ours / pg_dump | zstd -3 -T0', [ours, zstd], 0.7), memory(ours, 512)],
  },
  {
    name: 'four-workers',
    what: 'memory with four workers, of rows that compress a hundredfold',
    needs: 'pgbench',
    ways: async (scene) => {
      const env = { DATABASE_URL: scene.pgbenchUrl };
      const ways = [backup(scene, '--database', '--format', 'parallel', '--jobs', '4'), restore(scene, '--jobs', '4')];
      return ways.map((way) => ({ ...way, env: { ...way.env, ...env } }));
    },
    figures: async ([dump, load]) => [memory(dump, 512, 'of a dump'), memory(load, 512, 'of a restore')],
  },
  {
    name: 'parallel-restore',
    what: 'a parallel restore against gunzip | psql and pg_restore -j2',
    needs: 'database',
    ways: async (scene) => {
      await prepareBackup(scene, ['--database', '--format', 'parallel']);
      const url = inDatabase(scene.url, 'other');
      await runShell(
        `pg_dump ${scene.url} | gzip -1 >${scene.folder}/other.gz; pg_dump -Fc ${scene.url} >${scene.folder}/other.dump`,
      );
      return [
        restore(scene),
        {
          ...shell('gunzip -c | psql', `gunzip -c ${scene.folder}/other.gz | psql -q -o /dev/null ${url}`),
          before: freshOther(scene, 'other'),
        },
        {
          ...shell('pg_restore -j2', `pg_restore -j2 -d ${url} ${scene.folder}/other.dump`),
          before: freshOther(scene, 'other'),
        },
      ];
    },
    figures: async ([ours, psql, pgRestore]) => [
      wall('ours / gunzip | psql', [ours, psql], 0.5),
      wall('ours / pg_restore -j2', [ours, pgRestore], 0.72),
      memory(ours, 512),
    ],
  },
];
