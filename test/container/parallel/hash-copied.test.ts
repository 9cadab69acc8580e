import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CopyFrames } from '../../../container/parallel/copy-frames.js';
import { CopyOut } from '../../../container/parallel/copy-out.js';
import { nothing } from '../../../container/parallel/encoder.js';
import { hashCopied } from '../../../container/parallel/hash-copied.js';
import { copyTables } from '../../../container/parallel/tables.js';
import { relations } from '../../../container/postgres/relations.js';
import { query, testDatabase } from '../../support/postgres.js';

const rows = `SELECT i AS id, 'Ж' || i AS t, i / 7.0 AS n, i::float8 / 3 AS f, now() - i * interval '1 h' AS at, repeat('x', i * 40) AS long
  FROM generate_series(1, 200) i`;

/** Tables that all start from the same rows, and what was done to them. */
const tables = `
  CREATE TABLE a AS ${rows};
  CREATE TABLE same_in_another_order AS SELECT * FROM a ORDER BY id DESC;
  CREATE TABLE same_with_other_columns_order AS SELECT long, at, n, f, t, id FROM a;
  CREATE TABLE same_with_a_dropped_column AS SELECT 1 AS gone, a.* FROM a; ALTER TABLE same_with_a_dropped_column DROP COLUMN gone;
  CREATE TABLE other_value AS SELECT * FROM a; UPDATE other_value SET t = t || ' ' WHERE id = 77;
  CREATE TABLE other_scale AS SELECT * FROM a; UPDATE other_scale SET n = (n::text || '0')::numeric WHERE id = 9;
  CREATE TABLE other_null AS SELECT * FROM a; UPDATE other_null SET t = NULL WHERE id = 3;
  CREATE TABLE other_changed_places AS SELECT id, t, n, f, at, long FROM a; UPDATE other_changed_places SET t = long, long = t WHERE id = 5;
  CREATE TABLE other_missing AS SELECT * FROM a WHERE id <> 1;
  CREATE TABLE other_twice AS SELECT * FROM a; INSERT INTO other_twice SELECT * FROM a WHERE id = 2;
  CREATE TABLE empty AS SELECT * FROM a WHERE false;`;

let database: Awaited<ReturnType<typeof testDatabase>>;
let client: pg.Client;

beforeEach(async () => {
  database = await testDatabase(tables);
  client = new pg.Client({ connectionString: database.url });
  client.on('error', () => {}); // a test ends its session
  await client.connect();
});
afterEach(() => client.end().catch(() => {})); // one of them is ended already

async function hashes(format: 'binary' | 'text', settings = '', encoding = 'UTF8') {
  await client.query('BEGIN');
  await client.query(settings);
  // As a comparison does: with the columns of the table that was dumped, whatever their order is now.
  const columns = ['at', 'f', 'id', 'long', 'n', 't'];
  const all = (await copyTables(client, await relations(client))).map((table) => ({ ...table, format, columns }));
  const facts = await hashCopied(client, all, encoding);
  await client.query('ROLLBACK');
  return new Map(facts.map(({ name, rows, hash }) => [name, `${rows} ${hash}`]));
}

describe('the hash of a table', () => {
  it.each(['binary', 'text'] as const)('in %s form tells what differs, and nothing else', async (format) => {
    const found = await hashes(format);
    const wanted = found.get('a');
    expect(wanted).toMatch(/^200 [0-9a-f]{16}$/);
    expect(found.get('empty')).toBe('0 0000000000000000');
    const equal = [...found].filter(([, facts]) => facts === wanted).map(([name]) => name);
    expect(equal.filter((name) => name.startsWith('other'))).toEqual([]);
    expect(equal.filter((name) => name.startsWith('same'))).toHaveLength(3);
  });

  it.each([
    "SET timezone = 'Asia/Tokyo'",
    "SET datestyle = 'German'",
    'SET extra_float_digits = -5',
    "SET client_encoding = 'KOI8R'",
  ])('does not depend on %s', async (setting) => {
    for (const format of ['binary', 'text'] as const)
      expect(await hashes(format, setting)).toEqual(await hashes(format));
  });

  it('takes columns as they stand, and those of heirs by name', async () => {
    await client.query(`
      CREATE TABLE parted (z int, a int) PARTITION BY LIST (z); CREATE TABLE heir PARTITION OF parted DEFAULT;
      CREATE TABLE other_heir (a int, z int); ALTER TABLE parted ATTACH PARTITION other_heir FOR VALUES IN (1)`);
    const columns = new Map(
      (await copyTables(client, await relations(client))).map((each) => [each.name, each.columns]),
    );
    expect(columns.get('a')).toEqual(['id', 't', 'n', 'f', 'at', 'long']);
    expect([columns.get('heir'), columns.get('other_heir')]).toEqual([
      ['a', 'z'],
      ['a', 'z'],
    ]);
  });

  it('fails with a session that was ended while it idled', async () => {
    const { rows: own } = await client.query('SELECT pg_backend_pid() AS pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await query('postgres', 'SELECT pg_terminate_backend($1)', [own[0].pid]);
    await ended;
    const stream = new CopyOut({ client, frames: new CopyFrames(), encoder: nothing }, 'COPY a TO STDOUT');
    stream.on('error', () => {}); // `copied` tells it
    await expect(stream.copied).rejects.toThrow(/terminated/);
  });
});
