import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { type Manifest, parseManifest } from '../../core/manifest.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { query, testDatabase } from '../support/postgres.js';

const sql = `
  CREATE TABLE times (at timestamptz, span interval, day date, moment timetz);
  INSERT INTO times SELECT '2026-03-29 00:30:00+00'::timestamptz + i * interval '17 minutes', i * interval '1 day 2 hours', '2026-01-31'::date + i, '12:00+05:30' FROM generate_series(1, 300) i;
  CREATE TABLE bytes (id int, data bytea); INSERT INTO bytes SELECT i, sha256(i::text::bytea) FROM generate_series(1, 100) i;
  CREATE TABLE fees (id int, fee money); INSERT INTO fees SELECT i, i * 1.5::money FROM generate_series(1, 100) i;
  CREATE DOMAIN price AS money; CREATE TABLE prices (id int, all_of_them price[]); INSERT INTO prices VALUES (1, '{1,2.5}');
  CREATE TABLE floats (a float4, b float8, c numeric); INSERT INTO floats SELECT random(), random() * 1e300, random() FROM generate_series(1, 200);
  CREATE TABLE bare (); INSERT INTO bare SELECT FROM generate_series(1, 7);
  CREATE TABLE none (id int);
  CREATE TABLE made (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, gone int, b text); ALTER TABLE made DROP COLUMN gone; INSERT INTO made (id, b) SELECT i, E'\\\\.\\n\\t' || i FROM generate_series(1, 50) i;
  CREATE TABLE same (id int, at date) PARTITION BY RANGE (id); CREATE TABLE same_1 PARTITION OF same FOR VALUES FROM (0) TO (10); CREATE TABLE same_2 PARTITION OF same FOR VALUES FROM (10) TO (20);
  INSERT INTO same SELECT i, '2026-01-01'::date + i FROM generate_series(0, 19) i;
  CREATE TABLE mixed (id int, at date) PARTITION BY RANGE (id); CREATE TABLE mixed_1 PARTITION OF mixed FOR VALUES FROM (0) TO (10); CREATE TABLE mixed_2 (at date, id int); ALTER TABLE mixed ATTACH PARTITION mixed_2 FOR VALUES FROM (10) TO (20);
  INSERT INTO mixed SELECT i, '2026-01-01'::date + i FROM generate_series(0, 19) i;
  CREATE TABLE parent (id int); CREATE TABLE heir (more text) INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO heir VALUES (2, 'x');`;

async function prepared(settings: string) {
  const database = await testDatabase(sql);
  if (settings) await query(database.name, `ALTER DATABASE ${database.name} ${settings}`);
  const folder = await temporaryFolder();
  const scratch = await temporaryFolder();
  await chmod(scratch, 0o711); // the server runs as another user where the tests run as root
  return { database, folder, env: { DATABASE_URL: database.url, BACKUP_DIR: folder, BACKUP_DRILL_DIR: scratch } };
}

async function manifestIn(folder: string): Promise<Manifest> {
  const [name = ''] = (await readdir(join(folder, 'database'))).filter((each) => each.endsWith('.manifest.json'));
  return parseManifest(await readFile(join(folder, 'database', name)), name);
}

describe('the rows of a dump', () => {
  it.each([
    { settings: '' },
    { settings: '', format: 'custom' },
    { settings: "SET timezone = 'America/St_Johns'" },
    { settings: "SET datestyle = 'German'" },
    { settings: "SET intervalstyle = 'sql_standard'" },
    { settings: 'SET extra_float_digits = -10' },
    { settings: "SET bytea_output = 'escape'", byServer: true },
    { settings: "SET bytea_output = 'escape'", byServer: true, format: 'custom' },
  ])('are proven, whatever the database sets: $settings $format', async ({ settings, byServer, format = 'plain' }) => {
    const { folder, env } = await prepared(settings);
    const backup = await respaldo(['backup', '--database', '--format', format], env);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const { tables = [] } = (await manifestIn(folder)).database ?? {};
    expect(tables.filter(({ hash }) => hash === undefined)).toEqual([]);
    const byText = tables.filter(({ copied }) => copied?.format === 'text').map(({ name }) => name);
    // The others' text is not fixed, or cannot be summed up with that of their siblings.
    const expected = ['bytes', 'floats', 'heir', 'made', 'none', 'parent', 'same_1', 'same_2', 'times'];
    expect(byText).toEqual(byServer ? [] : expected);
    const drill = await respaldo(['drill', '--json'], env);
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(drill.stdout)).toMatchObject({ passed: true, compared: { hashed: tables.length } });
  });

  it.each([
    { format: 'plain', lie: 'prints nothing', script: 'exit 0', says: /but the dump ends before pg_dump’s last line/ },
    { format: 'plain', lie: 'prints half', script: '"$real" "$@" | head -c 3000; exit 0', says: /but the dump ends/ },
    {
      format: 'plain',
      lie: 'leaves out a row',
      script: '"$real" "$@" | sed "/^17\\t/d"; exit 0',
      says: /its dump has 99 rows of "public"."(?:bytes|fees)", where the server counted 100/,
    },
    ...['plain', 'custom'].map((format) => ({
      format,
      lie: 'leaves out a table',
      script: '"$real" "$@" --exclude-table-data=times; exit 0',
      says: /its dump has 0 rows of "public"."times", where the server counted 300/,
    })),
    { format: 'custom', lie: 'prints nothing', script: 'exit 0', says: /but the archive ends before its header/ },
    {
      format: 'custom',
      lie: 'prints half of its table of contents',
      script: '"$real" "$@" | head -c 3000; exit 0',
      says: /but the archive ends within its table of contents/,
    },
    {
      format: 'custom',
      lie: 'prints half of the data',
      script: '"$real" "$@" | head -c -3000; exit 0',
      says: /but the archive ends (?:within its data|before the data of \d+ of its \d+ entries)/,
    },
    {
      format: 'plain',
      program: 'pg_dumpall',
      lie: 'prints half of the roles',
      script: '"$real" "$@" | head -c 300',
      says: /but what it wrote of the roles lacks its last line/,
    },
    {
      format: 'parallel',
      lie: 'prints half of the schema',
      script: 'case "$*" in *pre-data*) "$real" "$@" | head -c 3000;; *) exec "$real" "$@";; esac',
      says: /but the archive ends within its table of contents/,
    },
    {
      format: 'parallel',
      lie: 'prints half of what is small',
      script: 'case "$*" in *section=data*) "$real" "$@" | head -c -1000;; *) exec "$real" "$@";; esac',
      says: /but the archive ends (?:within its data|before the data of \d+ of its \d+ entries)/,
    },
  ])(
    'are missed where pg_dump $lie ($format) and says that all is well',
    async ({ format, script, says, program = 'pg_dump' }) => {
      const { folder, env } = await prepared('');
      const programs = join(await temporaryFolder(), 'bin');
      await mkdir(programs);
      const { binDirectory } = inject('postgres');
      for (const name of ['pg_dump', 'pg_restore', 'psql', 'pg_dumpall']) {
        const words =
          name === program ? `case "$*" in --version) exec "$real" "$@";; esac\n${script}` : 'exec "$real" "$@"';
        await writeFile(join(programs, name), `#!/bin/sh\nreal=${binDirectory}/${name}\n${words}\n`, { mode: 0o755 });
      }
      const backup = await respaldo(['backup', '--database', '--with-globals', '--format', format], {
        ...env,
        PG_BINDIR: programs,
      });
      expect(backup.exitCode).toBe(3);
      expect(backup.stderr).toContain(`${program} ended as if all were well, but `);
      expect(backup.stderr).toMatch(says);
      expect(backup.stderr).toContain(`See whether ${programs}/${program} is PostgreSQL's own`);
      expect((await readdir(folder, { recursive: true })).filter((name) => name.includes('db_backup'))).toEqual([]);
      expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toEqual([]);
    },
  );
});
