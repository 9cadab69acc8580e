import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, query, serverUrl, type TestDatabase, testDatabase } from '../support/postgres.js';
import { s3Proxy } from '../support/proxy.js';
import { s3Endpoint, testBucket } from '../support/s3.js';
import { torture } from '../support/torture.js';

/** Every table is taken over, in parts of a few pages. */
const tiny = { BACKUP_PARALLEL_TABLE_MB: '0', BACKUP_PARALLEL_PART_MB: '0.05' };

const formats = [
  { name: 'parallel, in parts', args: ['--format', 'parallel'], env: tiny },
  { name: 'parallel, as it is by default', args: ['--format', 'parallel'], env: {} },
  { name: 'custom', args: ['--format', 'custom'], env: {} },
  { name: 'plain', args: [], env: {} },
];

async function ok(args: readonly string[], env: Record<string, string>) {
  const result = await respaldo(args, env);
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  return result;
}

/** A database of which a backup was taken. */
async function backedUp(sql: string, { args, env: more }: Pick<(typeof formats)[number], 'args' | 'env'>) {
  const database = await testDatabase(sql);
  const folder = await temporaryFolder();
  const env = { DATABASE_URL: database.url, BACKUP_DIR: folder, ...more } as Record<string, string>;
  await ok(['backup', '--database', ...args], env);
  return { database, folder, env };
}

const quoted = (name: string) => name.split('\u0000').map(pg.escapeIdentifier).join('.');

/** Rows by the text of their columns in the order of names, whatever table they stand in. */
async function rowsOf(database: TestDatabase, table: string, columns: string) {
  return (
    await database.query<{ row: string }>(`SELECT row(${columns})::text COLLATE "C" AS row FROM ${table} ORDER BY 1`)
  ).map(({ row }) => row);
}

/** What the server says of a table's columns, constraints and indexes, without names that must differ. */
async function shapeOf(database: TestDatabase, table: string) {
  const columns = await database.query(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
            regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^nextval.*', 'nextval') AS value
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [table],
  );
  const constraints = await database.query(
    `SELECT contype, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u', 'x', 'c') ORDER BY 1, 2`,
    [table],
  );
  const indexes = await database.query(
    `SELECT regexp_replace(pg_get_indexdef(indexrelid), '^(CREATE (UNIQUE )?INDEX) .* USING', '\\1 USING') AS definition FROM pg_index WHERE indrelid = $1::regclass ORDER BY 1`,
    [table],
  );
  return { columns, constraints, indexes };
}

describe.each(formats)('one table of a $name backup comes back beside the present one', (format) => {
  it('its rows, key, checks, defaults and indexes, and a sequence of its own', async () => {
    const { database, env } = await backedUp(
      `${crmSample} ALTER TABLE deals ADD CHECK (amount > 0), ALTER note SET DEFAULT 'none''; --', ADD UNIQUE (customer_id, id);
       CREATE INDEX by_note ON deals (left(note, 3)) WHERE (deals.*) IS NOT NULL;`,
      format,
    );
    const rows = await rowsOf(database, 'deals', 'id, customer_id, amount, note');
    const shape = await shapeOf(database, 'deals');
    await database.query("UPDATE deals SET note = 'since' WHERE id % 2 = 0; DELETE FROM deals WHERE id > 1500");
    const present = await rowsOf(database, 'deals', 'id, customer_id, amount, note');

    const { stdout: plan } = await ok(['restore', '--latest', '--table', 'public.deals', '--dry-run'], env);
    expect(plan).toMatch(/holds {2}table "public.deals": 2,000 rows/);
    expect(plan).toMatch(/makes {2}table "public.deals_\d{8}_\d{6}" in one transaction/);
    const { stdout, stderr } = await ok(['restore', '--latest', '--table', 'public.deals'], env);
    const as = /as "public\.(deals_\d{8}_\d{6})": 2,000 rows, equal to what was backed up/.exec(stdout)?.[1] as string;
    expect(as, stdout).toBeDefined();
    expect(stderr).toMatch(/left out of "public.deals_.*": foreign key deals_customer_id_fkey/);
    expect(await rowsOf(database, as, 'id, customer_id, amount, note')).toEqual(rows);
    expect(await shapeOf(database, as)).toEqual({
      ...shape,
      indexes: shape.indexes.map(({ definition }) => ({ definition: definition.replaceAll('deals.*', `${as}.*`) })),
    });
    expect(await rowsOf(database, 'deals', 'id, customer_id, amount, note')).toEqual(present);

    const [before] = await database.query('SELECT last_value FROM deals_id_seq');
    await database.query(`INSERT INTO ${as} (amount) VALUES (1)`);
    expect(await database.query(`SELECT id FROM ${as} WHERE amount = 1`)).toEqual([{ id: '2001' }]);
    expect(await database.query('SELECT last_value FROM deals_id_seq')).toEqual([before]);

    const again = await respaldo(['restore', '--latest', '--table', 'deals'], env);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toMatch(/exists already .*\nHINT: Give another name with --as NAME, or drop/);
    await database.query('DROP TABLE deals CASCADE');
    await ok(['restore', '--latest', '--table', 'deals', '--as', 'deals'], env);
    expect(await rowsOf(database, 'deals', 'id, customer_id, amount, note')).toEqual(rows);
  });

  it('what is odd: every kind of column, table and name', async () => {
    const { database, env } = await backedUp(torture, format);
    const tables = await database.query<{ schema: string; name: string; columns: string }>(
      `SELECT n.nspname AS schema, c.relname AS name, (SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attname), '') FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2`,
    );
    expect(tables.length).toBeGreaterThan(20);
    for (const { schema, name, columns } of tables) {
      const as = `назад "${name}"`.slice(0, 30);
      const { stdout, stderr } = await ok(
        ['restore', '--latest', '--table', `${schema}.${name}`, '--as', as, '--json'],
        env,
      );
      const [{ compared }] = JSON.parse(stdout);
      expect(compared, `${schema}.${name}: ${stderr}`).toBe(true);
      const [present, restored] = [quoted(`${schema}\u0000${name}`), quoted(`${schema}\u0000${as}`)];
      const partitioned = await database.query('SELECT FROM pg_partitioned_table WHERE partrelid = $1::regclass', [
        present,
      ]);
      const only = partitioned.length > 0 ? '' : 'ONLY ';
      expect(await rowsOf(database, restored, columns), name).toEqual(await rowsOf(database, only + present, columns));
      const [was, is] = [await shapeOf(database, present), await shapeOf(database, restored)];
      const withoutDefaults = (columns: Record<string, unknown>[]) => columns.map(({ value: _, ...column }) => column);
      expect(withoutDefaults(is.columns), name).toEqual(withoutDefaults(was.columns));
      expect(is.constraints, name).toEqual(was.constraints);
      if (!JSON.stringify(was).includes('.*')) expect(is.indexes, name).toEqual(was.indexes);
      await database.query(`DROP TABLE ${restored}`);
    }
  });
});

describe('of a parallel backup', () => {
  it('only the schema and the objects of the table are fetched', async () => {
    const { database, folder, env } = await backedUp(crmSample, { args: ['--format', 'parallel'], env: tiny });
    const [backup] = (await readdir(join(folder, 'database'))).filter((each) => !each.endsWith('.json'));
    const base = join(folder, 'database', backup as string);
    for (const file of await readdir(base, { recursive: true }))
      if (!/^(schema\..*|data|data\/deals-.*)$/.test(file)) await rm(join(base, file));
    await ok(['restore', '--latest', '--table', 'deals', '--as', 'back'], env);
    expect(await database.query('SELECT count(*)::int FROM back')).toEqual([{ count: 2000 }]);
  });

  it.skipIf(s3Endpoint() === null)('and from S3 none of them twice', async () => {
    const bucket = await testBucket();
    const proxy = await s3Proxy(s3Endpoint() as string);
    const s3 = { ...bucket.env, AWS_ENDPOINT_URL: proxy.endpoint, BACKUP_STORAGE: 's3' };
    const { database, env } = await backedUp(`${crmSample} CREATE TABLE small AS SELECT 1 AS n;`, {
      args: ['--format', 'parallel'],
      env: { ...s3, BACKUP_PARALLEL_TABLE_MB: '0.1', BACKUP_PARALLEL_PART_MB: '0.3' },
    });
    const parts = (await bucket.keys()).filter((key) => key.includes('/data/deals-'));
    expect(parts.length).toBeGreaterThan(1);
    const fetched = async (table: string) => {
      const before = proxy.calls.length;
      await ok(['restore', '--latest', '--table', table, '--as', `${table}_back`], env);
      const gets = proxy.calls.slice(before).filter(({ operation }) => operation === 'GetObject');
      return gets.map(({ key }) => key.replace(/^.*\/(?=data\/|schema|small|db_)/, '')).sort();
    };
    const schema = [expect.stringMatching(/^db_backup_.*manifest.json$/), expect.stringMatching(/^schema\./)];
    expect(await fetched('deals')).toEqual([
      ...parts.map((key) => key.slice(key.indexOf('data/deals-'))).sort(),
      ...schema,
    ]);
    expect(await fetched('small')).toEqual([...schema, expect.stringMatching(/^small\./)]);
    expect(await database.query('TABLE small_back')).toEqual([{ n: 1 }]);
  });
});

it.each(formats)('a database in another encoding gives its table back: $name', async (format) => {
  const table = 'café';
  const name = `latin_${randomBytes(5).toString('hex')}`;
  await testDatabase('', name);
  await query('postgres', `DROP DATABASE ${name}`);
  await query('postgres', `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
  await query(
    name,
    `CREATE TABLE "${table}" (id int, "größe" text); INSERT INTO "${table}" SELECT i, 'é' || i FROM generate_series(1, 999) i;`,
  );
  const env = { DATABASE_URL: serverUrl(name), BACKUP_DIR: await temporaryFolder(), ...format.env };
  await ok(['backup', '--database', ...format.args], env);
  const { stdout } = await ok(['restore', '--latest', '--table', table, '--as', 'zurück'], env);
  expect(stdout).toMatch(/999 rows, equal to what was backed up/);
  expect(await query(name, `SELECT * FROM "${table}" EXCEPT SELECT * FROM "zurück"`)).toEqual([]);
});

it.each(formats)(
  'a table that nothing counted comes back, one without its rows is told as such: $name',
  async (format) => {
    const { database, env } = await backedUp(crmSample, {
      args: [...format.args, '--exclude-table-data', 'deals'],
      env: { ...format.env, BACKUP_FINGERPRINT: 'off' },
    });
    const { stdout } = await ok(['restore', '--latest', '--table', 'customers', '--as', 'back'], env);
    expect(stdout).toMatch(/500 rows/);
    expect(await database.query('TABLE customers EXCEPT TABLE back')).toEqual([]);
    for (const name of ['deals', 'public.deals']) {
      const { exitCode, stderr } = await respaldo(['restore', '--latest', '--table', name, '--as', 'none'], env);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/the rows of "public.deals" were left out of db_backup_.*\nHINT: .*respaldo list/);
    }
    const into = await respaldo(['restore', '--latest', '--table', 'deals', '--into', `${database.name}_x`], env);
    expect(into.exitCode).toBe(2);
    if (format.args.includes('parallel')) expect(into.stderr).toContain('were left out of');
  },
);
