import type pg from 'pg';
import { isBinarySafe } from '../../core/parallel/binary-copy.js';
import type { PlannableTable } from '../../core/parallel/plan.js';
import type { Relation } from '../postgres/relations.js';

/** A table whose rows are copied by us, and how. */
export interface CopyTable extends PlannableTable {
  readonly oid: number;
  /**
   * Its own columns, without dropped and generated ones, in order: the server need not rearrange each row. Those of a
   * partition or heir by name, because their order may differ from that of the others, with which they are hashed as one.
   */
  readonly columns: readonly string[];
  readonly format: 'binary' | 'text';
}

/** What the planner and the copying sessions need to know of each table. Tables without columns are left to pg_dump. */
export async function copyTables(client: pg.Client, relations: readonly Relation[]): Promise<CopyTable[]> {
  const { rows } = await client.query(
    // The types once for all columns: there may be many thousands.
    `WITH RECURSIVE basic(oid, base) AS (
       SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
       UNION ALL SELECT t.oid, b.base FROM basic b JOIN pg_type t ON t.typtype = 'd' AND t.typbasetype = b.oid)
     SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name,
            pg_relation_size(c.oid) / current_setting('block_size')::int8 AS pages, pg_table_size(c.oid) AS bytes,
            json_agg(json_build_object(
              'name', a.attname, 'base', e.typname, 'builtIn', e.oid < 10000, 'isEnum', e.typtype = 'e', 'isArray', b.typcategory = 'A'
            ) ORDER BY CASE WHEN h.oid IS NOT NULL THEN a.attname::text END COLLATE "C", a.attnum) AS columns
     FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
     JOIN basic ON basic.oid = a.atttypid
     JOIN pg_type b ON b.oid = basic.base
     JOIN pg_type e ON e.oid = CASE WHEN b.typcategory = 'A' AND b.typelem <> 0 THEN b.typelem ELSE b.oid END
     LEFT JOIN (SELECT DISTINCT inhrelid AS oid FROM pg_inherits) h ON h.oid = c.oid
     WHERE c.oid = ANY ($1::oid[])
     GROUP BY c.oid, n.nspname, c.relname
     ORDER BY n.nspname, c.relname`,
    [relations.filter(({ kind }) => kind === 'table').map(({ oid }) => oid)],
  );
  return rows.map(({ oid, schema, name, pages, bytes, columns }) => ({
    oid: Number(oid),
    schema,
    name,
    pages: Number(pages),
    bytes: Number(bytes),
    columns: columns.map((column: { name: string }) => column.name),
    format: columns.every(isBinarySafe) ? ('binary' as const) : ('text' as const),
  }));
}

/**
 * What is built over each table after its rows are in: the oids of its indexes and of its primary, unique and exclusion
 * constraints, by catalog, as a dump's table of contents names them.
 */
export async function indexesOf(
  client: pg.Client,
  oids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const { rows } = await client.query<{ table: string; entry: string }>(
    `SELECT indrelid::int8 AS table, 'pg_class ' || indexrelid::int8 AS entry FROM pg_index WHERE indrelid = ANY ($1::oid[])
     UNION ALL SELECT conrelid::int8, 'pg_constraint ' || oid::int8 FROM pg_constraint WHERE contype IN ('p', 'u', 'x') AND conrelid = ANY ($1::oid[])`,
    [oids],
  );
  const entries = new Map<number, string[]>();
  for (const { table, entry } of rows) entries.set(Number(table), [...(entries.get(Number(table)) ?? []), entry]);
  return entries;
}
