import type pg from 'pg';
import { keyOf } from './copy-target.js';
import type { Relation } from './relations.js';

/** A table as a plain dump has it. */
export interface StreamedTable extends Relation {
  /** Of its name in the dump, as copy-target.ts makes it. */
  readonly key: string;
  /** As pg_dump writes them: without dropped and generated ones, in order. */
  readonly columns: readonly string[];
  /** Whether the rows' text is the same for whoever reads them later. */
  readonly isFixed: boolean;
}

/**
 * How each table stands in a plain dump, in the order given. Some text is not fixed: money depends on the server's lc_monetary, bytes on
 * bytea_output where somebody has set it; rows without columns have none. Partitions whose columns are in other orders
 * than their siblings' have rows that cannot be summed up with theirs.
 */
export async function streamedTables(client: pg.Client, tables: readonly Relation[]): Promise<StreamedTable[]> {
  const { rows } = await client.query(
    `WITH RECURSIVE ancestor(oid, root) AS (
       SELECT inhrelid, inhparent FROM pg_inherits
       UNION SELECT a.oid, i.inhparent FROM ancestor a JOIN pg_inherits i ON i.inhrelid = a.root),
     base(table_oid, number, name, oid) AS (
       SELECT attrelid, attnum, attname, atttypid FROM pg_attribute a
       WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
       UNION ALL SELECT b.table_oid, b.number, b.name, coalesce(nullif(t.typbasetype, 0), t.typelem) FROM base b JOIN pg_type t ON t.oid = b.oid
       WHERE t.typtype = 'd' OR t.typcategory = 'A' AND t.typelem <> 0),
     described AS (
       SELECT c.oid, n.nspname, c.relname, c.relispartition,
              (SELECT json_agg(name ORDER BY number) FROM (SELECT DISTINCT number, name FROM base WHERE table_oid = c.oid) own) AS columns,
              EXISTS (SELECT FROM base WHERE table_oid = c.oid AND oid = 'money'::regtype) AS has_money
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])),
     orders AS (
       SELECT a.root, count(DISTINCT d.columns::text) AS count FROM ancestor a JOIN described d ON d.oid = a.oid AND d.relispartition GROUP BY a.root)
     SELECT oid::int8 AS oid, columns,
            encode(convert_to(nspname::text, getdatabaseencoding()), 'hex') AS schema,
            encode(convert_to(relname::text, getdatabaseencoding()), 'hex') AS name,
            columns IS NOT NULL AND NOT has_money AND (SELECT reset_val = 'hex' FROM pg_settings WHERE name = 'bytea_output')
              AND NOT EXISTS (SELECT FROM ancestor a JOIN orders o ON o.root = a.root WHERE a.oid = described.oid AND o.count > 1) AS fixed
     FROM described`,
    [tables.map(({ oid }) => oid)],
  );
  const described = new Map(rows.map((row) => [Number(row.oid), row]));
  return tables.map((table) => {
    const { schema, name, columns, fixed } = described.get(table.oid) ?? {};
    return { ...table, key: keyOf({ schema, name }), columns: columns ?? [], isFixed: fixed === true };
  });
}
