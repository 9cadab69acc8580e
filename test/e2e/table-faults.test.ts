import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BackupService } from '../../container/service.js';
import { type DatabaseFacts, parseManifest, serializeManifest, type TableFacts } from '../../core/manifest.js';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, query, serverUrl, type TestDatabase, testDatabase } from '../support/postgres.js';
import { until } from '../support/processes.js';

const tiny = { BACKUP_PARALLEL_TABLE_MB: '0', BACKUP_PARALLEL_PART_MB: '0.05' };
const formats = [
  { name: 'parallel', args: ['--format', 'parallel'], file: /^data\/deals-.*-0002/ },
  { name: 'custom', args: ['--format', 'custom'], file: /\.dump\.zst$|\.dump\.gz$|\.dump$/ },
  { name: 'plain', args: [], file: /\.sql\.gz$/ },
];

type Env = Record<string, string>;

async function ok(args: readonly string[], env: Env) {
  const result = await respaldo(args, env);
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  return result;
}

/** A database with a backup; nothing that fails may leave anything in it. */
async function scene(sql: string, args: readonly string[] = [], more: Env = {}) {
  const database = await testDatabase(sql);
  const folder = await temporaryFolder();
  const env: Env = { DATABASE_URL: database.url, BACKUP_DIR: folder, ...tiny, ...more };
  await ok(['backup', '--database', ...args], env);
  return { database, folder: join(folder, 'database'), env };
}

/** Everything that a table makes: what is left of one shows here. */
async function everything(database: TestDatabase) {
  const objects = await database.query(
    "SELECT relname, relkind FROM pg_class WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace, 'information_schema'::regnamespace) ORDER BY 1",
  );
  return { objects, contents: await contentsOf(database.name) };
}

/** The backup's files, from the folder of its own if it has one. */
async function filesOf(folder: string): Promise<string[]> {
  const [top = ''] = (await readdir(folder)).filter((each) => !each.endsWith('.json'));
  const files = await readdir(join(folder, top), { recursive: true }).catch(() => undefined);
  return files ? files.map((each) => join(folder, top, each)) : [join(folder, top)];
}

async function flipBit(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, Math.floor(size * 0.7));
  await handle.write(Buffer.from([(byte[0] as number) ^ 0x10]), 0, 1, Math.floor(size * 0.7));
  await handle.close();
}

/** A function that an index rests on. */
function timed(wait: string): string {
  return `CREATE OR REPLACE FUNCTION timed(id bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$BEGIN ${wait} RETURN id; END$$;`;
}

describe.each(formats)('of a $name backup', ({ args, file }) => {
  it('damage is told, and leaves nothing', async () => {
    const { database, folder, env } = await scene(crmSample, args);
    const before = await everything(database);
    const path = (await filesOf(folder)).find(
      (each) => file.test(each) || file.test(each.split('/').slice(-2).join('/')),
    );
    const whole = await readFile(path as string);
    const faults: Record<string, () => Promise<void>> = {
      'a bit flipped': () => flipBit(path as string),
      'cut short': () => writeFile(path as string, whole.subarray(0, whole.length / 2)),
      // Only the digest shows it: whoever reads no further than what it needs would not see it.
      'a byte more': () => writeFile(path as string, Buffer.concat([whole, Buffer.from('x')])),
    };
    for (const [fault, make] of Object.entries(faults)) {
      await make();
      const { exitCode, stderr } = await respaldo(['restore', '--latest', '--table', 'deals'], env);
      expect([3, 6], `${fault}: ${stderr}`).toContain(exitCode);
      expect(stderr).not.toContain('BUG');
      expect(await everything(database), fault).toEqual(before);
      await writeFile(path as string, whole);
    }
    await ok(['restore', '--latest', '--table', 'deals'], env);
  });

  it('rows that are not those of the manifest are told, and leave nothing', async () => {
    const { database, folder, env } = await scene(crmSample, args);
    const [name = ''] = (await readdir(folder)).filter((each) => each.endsWith('.manifest.json'));
    const manifest = parseManifest(await readFile(join(folder, name)), name);
    const before = await everything(database);
    const edited = (of: (table: TableFacts) => TableFacts) => ({
      ...manifest,
      database: { ...(manifest.database as DatabaseFacts), tables: manifest.database?.tables.map(of) ?? [] },
    });
    for (const [facts, says] of [
      [{ hash: '0123456789abcdef' }, /2000 rows, but not the ones that were backed up/],
      [{ rows: 1999 }, /1999 rows were backed up, 2000 restored/],
    ] as const) {
      const forged = edited((table) => (table.name === 'deals' ? { ...table, ...facts } : table));
      await writeFile(join(folder, name), serializeManifest(forged));
      const { exitCode, stderr } = await respaldo(['restore', '--latest', '--table', 'deals'], env);
      expect(stderr).toMatch(says);
      expect(exitCode).toBe(6);
      expect(await everything(database)).toEqual(before);
    }
  });

  it('encrypted ones come back too', async () => {
    const keys = await temporaryFolder();
    const identity = join(keys, 'identity.txt');
    await execa('age-keygen', ['-o', identity]);
    const { stdout: recipient } = await execa('age-keygen', ['-y', identity]);
    // Large enough that what pg_restore does not read is still on its way when it ends.
    const large = `${crmSample} CREATE TABLE noise AS SELECT md5(i::text) || md5((i * 7)::text) AS noise FROM generate_series(1, 60000) i;`;
    const { database, env } = await scene(large, args, { BACKUP_AGE_RECIPIENTS: recipient });
    await ok(['restore', '--latest', '--table', 'deals', '--as', 'back'], {
      ...env,
      BACKUP_AGE_IDENTITY_FILE: identity,
    });
    expect(await database.query('TABLE deals EXCEPT TABLE back')).toEqual([]);
    const without = await respaldo(['restore', '--latest', '--table', 'deals', '--as', 'other'], env);
    expect(without.stderr).toMatch(/ERROR KEY_MISSING/);
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('%s in the midst of it leaves nothing', async (signal) => {
    const { database, env } = await scene(`${crmSample} ${timed('')} CREATE INDEX ON deals (timed(id));`, args);
    await database.query(timed('PERFORM pg_sleep(60);'));
    const before = await everything(database);
    const program = startRespaldo(['restore', '--latest', '--table', 'deals', '--as', 'back'], env);
    await until('its index is built', async () => {
      const sleeping = "SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'";
      return (await query('postgres', sleeping, [database.name])).length > 0;
    });
    program.kill(signal);
    const { exitCode } = await program;
    expect(exitCode).toBe(signal === 'SIGTERM' ? 143 : undefined);
    await until('the session has ended', async () => {
      const sessions = await query(
        'postgres',
        "SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'respaldo%'",
        [database.name],
      );
      return sessions.length === 0;
    });
    expect(await everything(database)).toEqual(before);
    await database.query(timed(''));
    await ok(['restore', '--latest', '--table', 'deals', '--as', 'back'], env);
  });
});

describe('what else may stand in the way', () => {
  it('is told with its next step, and leaves nothing', async () => {
    const { database, env } = await scene(
      `CREATE SCHEMA sales; CREATE TYPE sales.mood AS ENUM ('good'); CREATE TABLE sales.orders (m sales.mood); CREATE TABLE orders (n int);
       INSERT INTO sales.orders VALUES ('good'); CREATE VIEW seen AS TABLE orders;`,
    );
    const restore = (...args: string[]) => respaldo(['restore', '--latest', ...args], env);
    const refusals: [args: string[], exitCode: number, says: RegExp][] = [
      [['--table', 'orders'], 2, /names 2 tables .*: public.orders, sales.orders/],
      [['--table', 'public.seen'], 2, /has no rows of a table "public.seen"\nHINT: It has public.orders, sales.orders/],
      [['--table', 'public.orders', '--as', 'seen'], 2, /"public.seen" exists already/],
      [['--table', 'public.orders', '--as', 'я'.repeat(32)], 2, /cannot be a table's name/],
      [['--table', 'public.orders', '--table', 'sales.orders'], 2, /2 tables are named.*\nHINT: .*--into/],
      [['--table', 'public.orders', '--as', 'x', '--into', 'y'], 2, /--as does not go with --into/],
      [['--as', 'x'], 2, /--as: which table is not said/],
      [['--table', 'public.orders', '--in-place'], 2, /--in-place does not go with --table/],
      [['--table', 'public.orders', '--full'], 2, /--full does not go with --table/],
      [['--table', 'public.orders', '--tasks', '2'], 2, /--tasks does not go with --table/],
    ];
    for (const [args, code, says] of refusals) {
      const { exitCode, stderr } = await restore(...args);
      expect(stderr, args.join(' ')).toMatch(says);
      expect(exitCode, stderr).toBe(code);
    }
    await database.query('DROP TABLE sales.orders; DROP TYPE sales.mood');
    const before = await everything(database);
    const missing = await restore('--table', 'sales.orders');
    expect(missing.exitCode).toBe(3);
    expect(missing.stderr).toMatch(
      /RESTORE_FAILED: the server refused table .*type "sales.mood" does not exist\nHINT: Nothing was changed.*--into/,
    );
    expect(await everything(database)).toEqual(before);
    await database.query('DROP SCHEMA sales');
    const schema = await restore('--table', 'sales.orders');
    expect(schema.exitCode).toBe(9);
    expect(schema.stderr).toMatch(/there is no schema "sales".*\nHINT: Create it first: CREATE SCHEMA "sales"/);
  });

  it('a constraint or an index that cannot be is left out and told; the rows come back', async () => {
    const { database, env } = await scene(
      `${timed('')} CREATE TABLE t (id bigint DEFAULT timed(1) CHECK (timed(id) > 0)); CREATE INDEX t_timed ON t (timed(id)); CREATE INDEX t_id ON t (id); INSERT INTO t VALUES (5);`,
      ['--format', 'custom'],
    );
    await database.query('DROP FUNCTION timed CASCADE');
    const { stderr, stdout } = await ok(['restore', '--latest', '--table', 't', '--as', 'back'], env);
    expect(stdout).toMatch(/: 1 row, equal to what was backed up/);
    for (const what of ['default of column id', 'constraint t_id_check', 'index t_timed'])
      expect(stderr).toMatch(
        new RegExp(`left out of "public.back": ${what} \\(function public.timed\\(.*does not exist`),
      );
    expect(await database.query('TABLE back')).toEqual([{ id: '5' }]);
    expect(await database.query("SELECT FROM pg_index WHERE indrelid = 'back'::regclass")).toHaveLength(1);
  });

  it('nobody else may read the copy, whoever new tables are opened to', async () => {
    const { database, env } = await scene(
      'CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC, pg_monitor;',
    );
    await ok(['restore', '--latest', '--table', 't', '--as', 'back'], env);
    expect(await database.query("SELECT relrowsecurity, relacl::text FROM pg_class WHERE relname = 'back'")).toEqual([
      { relrowsecurity: true, relacl: '{postgres=arwdDxt/postgres}' },
    ]);
  });

  it('a role that may not make tables there is told before anything is read', async () => {
    const { database, env } = await scene('CREATE TABLE t (id int)');
    const role = `r_${database.name}`;
    await query('postgres', `CREATE ROLE ${role} LOGIN`);
    onTestFinished(async () => {
      await query('postgres', `DROP ROLE ${role}`);
    });
    const { exitCode, stderr } = await respaldo(['restore', '--latest', '--table', 't', '--dry-run'], {
      ...env,
      DATABASE_URL: serverUrl(database.name, role),
    });
    expect(exitCode).toBe(9);
    expect(stderr).toMatch(
      /TARGET_LACKS: role "r_.*" may not make tables in schema "public".*\nHINT: .*GRANT CREATE ON SCHEMA "public"/,
    );
  });
});

describe('a dump of another program', () => {
  it.each([
    { name: 'pg_dump --inserts', args: ['--inserts'] },
    { name: 'pg_dump --column-inserts', args: ['--column-inserts', '--rows-per-insert=7'] },
    { name: 'pg_dump by way of the partitions’ root', args: ['--load-via-partition-root'] },
    { name: 'pg_dump in another encoding', args: ['--encoding=LATIN1'] },
  ])('gives one table back: $name', async ({ args }) => {
    const database = await testDatabase(
      `CREATE TABLE "t é" (id int GENERATED ALWAYS AS IDENTITY, "x''é" text, g text GENERATED ALWAYS AS (upper("x''é")) STORED);
       INSERT INTO "t é" ("x''é") SELECT 'é;  '' ' || i || E'\n;' FROM generate_series(1, 50) i;
       CREATE TABLE parted (n int) PARTITION BY HASH (n); CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
       CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1); INSERT INTO parted SELECT generate_series(1, 99);`,
    );
    const file = join(await temporaryFolder(), 'other.sql');
    await execa('pg_dump', [...args, '--file', file, database.url]);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const { stdout } = await ok(['restore', file, '--table', 'public.t é', '--as', 'назад'], env);
    expect(stdout).toMatch(/as "public.назад": 50 rows, which nothing could be compared with/);
    expect(await database.query('TABLE "t é" EXCEPT TABLE "назад"')).toEqual([]);
    await database.query(`INSERT INTO "назад" ("x''é") VALUES ('new')`);
    expect(await database.query('SELECT max(id) FROM "назад"')).toEqual([{ max: 51 }]);
    await ok(['restore', file, '--table', 'public.parted', '--as', 'flat'], env);
    expect(await database.query('SELECT count(*)::int, sum(n)::int FROM flat')).toEqual([{ count: 99, sum: 4950 }]);
    const none = await respaldo(['restore', file, '--table', 'public.none'], env);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(/has no table "public"."none"/);
  });

  it('that hides a second statement runs none of it', async () => {
    const database = await testDatabase('CREATE TABLE precious (n int)');
    const file = join(await temporaryFolder(), 'forged.sql');
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    for (const forged of [
      'CREATE TABLE public.t (n int DEFAULT (1); DROP TABLE public.precious);',
      'CREATE TABLE public.t (n int); CREATE INDEX i ON public.t USING btree (n); COPY public.t (n) FROM stdin;\n1\n\\.\n\\! touch x\n',
      'CREATE TABLE public.t (n int, CHECK (true); DROP TABLE public.precious; SELECT (1));',
    ]) {
      await writeFile(file, forged);
      const { stderr } = await respaldo(['restore', file, '--table', 'public.t', '--as', 'back'], env);
      expect(stderr, forged).not.toContain('BUG');
      expect(await database.query("SELECT to_regclass('precious')::text AS there")).toEqual([{ there: 'precious' }]);
      await database.query('DROP TABLE IF EXISTS back');
    }
  });
});

it('from code', async () => {
  const { database, env } = await scene(crmSample, ['--format', 'parallel']);
  const service = new BackupService({ environment: env });
  const [backup] = await service.listBackups();
  expect(await service.restoreTable(backup?.id ?? '', 'public.events', { as: 'back' })).toMatchObject({
    database: database.name,
    table: { schema: 'public', name: 'events' },
    as: { schema: 'public', name: 'back' },
    rows: 1000,
    compared: 'row by row',
    leftOut: ['partitions (the rows of all 2 are in one table)'],
  });
  await expect(service.restoreTable(backup?.id ?? '', 'nothing')).rejects.toMatchObject({ code: 'USAGE' });
});
