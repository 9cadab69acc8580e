// Compares respaldo with the same work done in a shell, both in one run: `npm run bench -- [--scale 1] [--rounds 5] [case …]`.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import pg from 'pg';
import { installedClients } from '../../container/postgres/clients.js';
import { startThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { type Case, cases, type Scene } from './cases.js';
import { crmSql, makeMedia } from './data.js';
import { alternate } from './measure.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    /** SQL to load instead of the sample that is made. */
    sql: { type: 'string' },
    /** A pg_dump of another version to compare with. */
    'other-pg-dump': { type: 'string' },
    /** The scale of pgbench’s database; 150 makes 2.2 GB. */
    pgbench: { type: 'string', default: '150' },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'respaldo-bench-'));
const [clients] = await installedClients(process.env.PG_BINDIR);
if (!clients) throw new Error('no PostgreSQL is installed: run "npm test" first');
const server = await startThrowawayServer({
  binDirectory: clients.directory,
  parent: tmpdir(),
  settings: [
    'shared_buffers=2GB',
    'max_wal_size=8GB',
    'work_mem=64MB',
    'maintenance_work_mem=256MB',
    'checkpoint_timeout=1h',
    'autovacuum=off',
  ],
});
let missed = 0;
try {
  const chosen = cases.filter(
    ({ name }) => positionals.length === 0 || positionals.some((each) => name.startsWith(each)),
  );
  const scene = await prepare(new Set(chosen.map(({ needs }) => needs)));
  for (const each of chosen) {
    process.stderr.write(`\n${each.name}: ${each.what}\n`);
    const ways = await each.ways(scene);
    if (!ways) {
      process.stdout.write(`${each.name.padEnd(26)} not measured: ${each.skipped ?? 'not possible here'}\n`);
      continue;
    }
    const measured = await alternate(ways, Number(values.rounds));
    for (const { text, ratio, goal } of await each.figures(measured, scene)) {
      const met = ratio <= goal;
      if (!met) missed += 1;
      process.stdout.write(
        `${each.name.padEnd(26)} ${text.padEnd(60)} ${ratio.toFixed(3)} (goal ${goal}) ${met ? 'met' : 'MISSED'}\n`,
      );
    }
  }
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(
  `\n${missed === 0 ? 'all goals met' : `${missed} goals missed`}; ${availableParallelism()} cores shared by server and client\n`,
);

async function prepare(needs: ReadonlySet<Case['needs']>): Promise<Scene> {
  const execute = async (name: string, sql: string) => {
    const client = new pg.Client({ connectionString: server.url(name) });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await execute('postgres', 'CREATE DATABASE crm');
  if (needs.has('database')) {
    process.stderr.write('making the sample database\n');
    if (values.sql)
      await execa('bash', [
        '-o',
        'pipefail',
        '-c',
        `cat ${JSON.stringify(values.sql)} | psql -q -v ON_ERROR_STOP=1 -o /dev/null ${server.url('crm')}`,
      ]);
    else await execute('crm', crmSql(Number(values.scale)));
    await execute('crm', 'VACUUM ANALYZE');
    await execute('postgres', 'CHECKPOINT');
  }
  if (needs.has('pgbench')) {
    process.stderr.write('making a pgbench database\n');
    await execute('postgres', 'CREATE DATABASE pgbench');
    await execa(join(clients?.directory ?? '', 'pgbench'), ['-i', '-q', '-s', values.pgbench, server.url('pgbench')]);
    await execute('postgres', 'CHECKPOINT');
  }
  if (needs.has('media')) {
    process.stderr.write('making the sample media\n');
    await makeMedia(join(folder, 'media'), 20_000);
  }
  return {
    folder,
    url: server.url('crm'),
    pgbenchUrl: server.url('pgbench'),
    media: join(folder, 'media'),
    otherPgDump: values['other-pg-dump'],
    execute: (sql) => execute('postgres', sql),
    bytes: sizeOf,
    newest: async (pattern) => {
      const names = (await readdir(join(folder, 'backups'), { recursive: true }))
        .filter((name) => pattern.test(name))
        .sort();
      return join(folder, 'backups', names.at(-1) ?? '');
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  const names = await readdir(path);
  return (await Promise.all(names.map((name) => sizeOf(join(path, name))))).reduce((sum, bytes) => sum + bytes, 0);
}
