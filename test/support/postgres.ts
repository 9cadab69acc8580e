import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** The databases whose name begins with this one's. */
  relatives(): Promise<string[]>;
}

export function serverUrl(database: string, user = 'postgres', password?: string): string {
  const credentials =
    password === undefined ? encodeURIComponent(user) : `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return `postgresql://${credentials}@127.0.0.1:${inject('postgres').port}/${encodeURIComponent(database)}`;
}

/** Runs SQL in a session of its own. */
export async function query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
  database: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ host: '127.0.0.1', port: inject('postgres').port, user: 'postgres', database });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** A database of the test's own, dropped after it with everything whose name begins with its name. */
export async function testDatabase(sql = '', name = `t_${randomBytes(6).toString('hex')}`): Promise<TestDatabase> {
  await query('postgres', `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  const relatives = async () =>
    (
      await query<{ datname: string }>(
        'postgres',
        'SELECT datname FROM pg_database WHERE starts_with(datname::text, $1) ORDER BY 1',
        [name],
      )
    ).map(({ datname }) => datname);
  onTestFinished(async () => {
    for (const each of await relatives()) {
      await query('postgres', `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(each)} WITH (FORCE)`);
    }
  });
  if (sql !== '') await query(name, sql);
  return { name, url: serverUrl(name), query: (text, values) => query(name, text, values), relatives };
}

/** A few tables with what tends to go wrong: large text, jsonb, bytea, a sequence, a view, a key, a partitioned table. */
export const crmSample = `
  CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, extra jsonb, logo bytea);
  INSERT INTO customers (name, extra, logo)
    SELECT 'customer ' || i || E'\\t\\\\ \\n' || repeat('ü', i % 50), jsonb_build_object('n', i, 'q', '"quoted"'), decode(md5(i::text), 'hex')
    FROM generate_series(1, 500) i;
  CREATE TABLE deals (id bigserial PRIMARY KEY, customer_id bigint REFERENCES customers, amount numeric(12, 2), note text);
  INSERT INTO deals (customer_id, amount, note) SELECT 1 + i % 500, i * 1.01, repeat(md5(i::text), 10) FROM generate_series(1, 2000) i;
  CREATE VIEW big_deals AS SELECT * FROM deals WHERE amount > 1000;
  CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at);
  CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  INSERT INTO events SELECT date '2025-01-01' + i % 700, 'event ' || i FROM generate_series(1, 1000) i;
`;

/**
 * A hash of every row of every table, and the sequences: equal for equal databases, whatever the physical order.
 *
 * @param ask runs SQL in a database; default: of the server that all tests share
 */
export async function contentsOf(database: string, ask: typeof query = query): Promise<Record<string, string>> {
  const tables = await ask<{ name: string }>(
    database,
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1`,
  );
  const contents: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await ask<{ hash: string; count: string }>(
      database,
      `SELECT count(*) AS count, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS hash FROM ONLY ${name} t`,
    );
    contents[name] = `${row?.count} rows, ${row?.hash}`;
  }
  for (const { name, value } of await ask<{ name: string; value: string }>(
    database,
    "SELECT format('%I.%I', schemaname, sequencename) AS name, coalesce(last_value::text, 'unused') AS value FROM pg_sequences ORDER BY 1",
  )) {
    contents[name] = value;
  }
  return contents;
}
