import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canMakeHosts, makeHosts } from './hosts.js';
import { type Measured, run, type Way } from './measure.js';

export interface Scene {
  readonly folder: string;
  readonly url: string;
  /** A database that pgbench has made. */
  readonly pgbenchUrl: string;
  readonly media: string;
  readonly otherPgDump: string | undefined;
  /** Runs SQL in the maintenance database. */
  execute(sql: string): Promise<void>;
  bytes(path: string): Promise<number>;
  /** The newest of our backups' files that match. */
  newest(pattern: RegExp): Promise<string>;
}

export interface Figure {
  readonly text: string;
  readonly ratio: number;
  readonly goal: number;
}

export interface Case {
  readonly name: string;
  readonly what: string;
  readonly needs: 'database' | 'media' | 'pgbench';
  readonly skipped?: string;
  /** Ours first. Undefined where it cannot be measured here. */
  ways(scene: Scene): Promise<readonly Way[] | undefined>;
  figures(measured: readonly Measured[], scene: Scene): Promise<readonly Figure[]>;
}

const environment = ({ url, folder, media }: Scene) => ({
  DATABASE_URL: url,
  BACKUP_DIR: join(folder, 'backups'),
  MEDIA_ROOT: media,
});
/** The other side hashes no rows, so ours only counts them; the case "fingerprint" tells what hashing costs. */
const counting = (scene: Scene) => ({ ...environment(scene), BACKUP_FINGERPRINT: 'counts' });
const forget = (scene: Scene) => () => rm(join(scene.folder, 'backups'), { recursive: true, force: true });
const backup = (scene: Scene, ...args: string[]): Way => ({
  name: `respaldo backup ${args.join(' ')}`,
  args: ['backup', ...args],
  env: environment(scene),
  before: forget(scene),
});
const shell = (name: string, line: string): Way => ({ name, shell: line });
const wall = (text: string, [a, b]: readonly [Measured | undefined, Measured | undefined], goal: number): Figure => ({
  text: `wall time, ${text} (${a?.seconds.toFixed(2)} s / ${b?.seconds.toFixed(2)} s)`,
  ratio: (a?.seconds ?? Number.NaN) / (b?.seconds ?? Number.NaN),
  goal,
});
const memory = (measured: Measured | undefined, goal: number): Figure => ({
  text: `peak memory of our process, ${measured?.peakMegabytes.toFixed(0)} MB of ${goal}`,
  ratio: (measured?.peakMegabytes ?? Number.NaN) / goal,
  goal: 1,
});

/** Drops what a restore made and makes an empty database for the other side. */
const fresh =
  (scene: Scene, ...names: string[]) =>
  async () => {
    for (const name of names) await scene.execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
const freshOther = (scene: Scene, name: string) => async () => {
  await fresh(scene, name)();
  await scene.execute(`CREATE DATABASE ${name} TEMPLATE template0`);
};
const inDatabase = (url: string, name: string) => url.replace(/[^/]+$/, name);

export const cases: readonly Case[] = [
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
    ],
    figures: async ([ours, other]) => [
      wall('ours / pg_dump | zstd -T0 | sha256sum', [ours, other], 1.05),
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
    ],
    figures: async ([ours, other], scene) => [
      wall('ours / pg_dump | gzip', [ours, other], 0.2),
      {
        text: 'size, ours / gzip',
        ratio: (await scene.bytes(await scene.newest(/\.sql\.gz$/))) / (await scene.bytes(`${scene.folder}/other.gz`)),
        goal: 1.1,
      },
    ],
  },
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

function restore(scene: Scene): Way {
  return {
    name: 'respaldo restore --latest',
    args: ['restore', '--latest', '--into', 'ours'],
    env: environment(scene),
    before: fresh(scene, 'ours'),
  };
}

async function prepareBackup(scene: Scene, args: readonly string[]): Promise<void> {
  await run(backup(scene, ...args));
}

async function runShell(line: string): Promise<void> {
  await run(shell('preparing', line));
}
