import pg from 'pg';
import type { Fingerprint, TableFacts } from '../../core/manifest.js';
import { rowHash, sumOfHashes } from '../../core/parallel/row-hash.js';
import type { FingerprintMode } from '../../core/postgres/fingerprint.js';
import { countRows, qualified } from './relations.js';

/**
 * Compiling the hash of a wide row takes longer than hashing 200,000 of them, and happens anew for each table and part.
 * Servers know it from 11 on.
 */
const withoutCompiling = "SELECT set_config(name, 'off', true) FROM pg_settings WHERE name = 'jit'";

/** Fixes everything that the text of a value depends on, but for the money inside of arrays and composite values. */
const settings = `
  ${withoutCompiling};
  SELECT set_config(name, value, true) FROM (VALUES
    ('TimeZone', 'UTC'), ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('extra_float_digits', '3'), ('bytea_output', 'hex'),
    ('search_path', 'pg_catalog'), ('row_security', 'off'), ('quote_all_identifiers', 'off'), ('statement_timeout', '0')
  ) AS fixed(name, value)`;

/** Prepares a transaction for fingerprints. What it sets ends with the transaction. */
export async function prepareFingerprints(client: pg.Client): Promise<void> {
  await client.query(settings);
}

interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * Counts each table's rows and, in mode full, sums up their hashes, in the order given. Sees what the session's
 * snapshot sees.
 */
export async function fingerprintTables(
  client: pg.Client,
  tables: readonly TableName[],
  mode: FingerprintMode,
): Promise<TableFacts[]> {
  if (mode === 'off') return tables.map(({ schema, name }) => ({ schema, name }));
  if (mode === 'counts') return countRows(client, tables);
  const hashed: TableFacts[] = [];
  for (const table of tables) {
    const hash = rowHash(await hashedColumns(client, table));
    const { rows } = await client.query<{ rows: string; sum: string }>(
      `SELECT count(*) AS rows, coalesce(sum(${hash}), 0) AS sum FROM ONLY ${qualified(table)}`,
    );
    const { rows: count = 0, sum = '0' } = rows[0] ?? {};
    hashed.push({ schema: table.schema, name: table.name, rows: Number(count), hash: sumOfHashes([sum]) });
  }
  return hashed;
}

async function hashedColumns(client: pg.Client, table: TableName) {
  // By name, because a restore may change the columns' order (under inheritance it does). Generated columns follow from
  // the others; virtual ones (PostgreSQL 18) are not even stored.
  const { rows } = await client.query<{ name: string; type: string }>(
    `WITH RECURSIVE base(name, type) AS (
       SELECT a.attname, a.atttypid FROM pg_attribute a
       WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
       UNION ALL
       SELECT b.name, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd')
     SELECT b.name, CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace AND t.oid < 10000 THEN t.typname ELSE '' END AS type
     FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype <> 'd' ORDER BY b.name`,
    [qualified(table)],
  );
  return rows.map(({ name, type }) => ({ quoted: pg.escapeIdentifier(name), type }));
}

/** What of a database is not a table's rows: its sequences, large objects and schema. */
export async function fingerprintRest(client: pg.Client): Promise<Fingerprint> {
  return {
    sequences: await sequences(client),
    largeObjects: await largeObjects(client),
    objects: await schemaObjects(client),
  };
}

/** Where each sequence stands. Sequences do not keep to snapshots: this is their state now. */
export async function sequences(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND ${notOfExtensions('pg_class')} ORDER BY 1, 2`,
  );
  const values: Record<string, string> = {};
  for (const sequence of rows) {
    const { rows: state } = await client.query<{ value: string }>(
      `SELECT last_value || CASE WHEN is_called THEN '' ELSE ' (not used yet)' END AS value FROM ${qualified(sequence)}`,
    );
    values[qualified(sequence)] = state[0]?.value ?? '';
  }
  return values;
}

/** Large objects are read in pieces, because one of them may be larger than what the server can hold. */
const pieceBytes = 4 * 1024 * 1024;

async function largeObjects(client: pg.Client): Promise<Fingerprint['largeObjects']> {
  const { rows } = await client.query<{ count: string; hash: string }>(
    `WITH RECURSIVE piece(oid, number, bytes, hash) AS (
       SELECT m.oid, 0, length(d.data), hashtextextended(md5(d.data), 0) FROM pg_largeobject_metadata m, LATERAL (SELECT lo_get(m.oid, 0, ${pieceBytes}) AS data) d
       UNION ALL
       SELECT p.oid, p.number + 1, length(d.data), hashtextextended(md5(d.data), p.number + 1) FROM piece p,
         LATERAL (SELECT lo_get(p.oid, (p.number + 1)::int8 * ${pieceBytes}, ${pieceBytes}) AS data) d WHERE p.bytes = ${pieceBytes})
     SELECT count(*) FILTER (WHERE number = 0) AS count, coalesce(sum(hashint8extended(oid::int8 # hash, 0)), 0) AS hash FROM piece`,
  );
  return { count: Number(rows[0]?.count ?? 0), hash: sumOfHashes([rows[0]?.hash ?? '0']) };
}

/** What belongs to an extension comes back with the extension. */
function notOfExtensions(catalog: string, oid = 'c.oid'): string {
  return `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;
}

const castsAndSpace = String.raw`'::("[^"]+"|[a-z_0-9.]+)( varying| precision| with(out)? time zone)?(\(\d+(,\d+)?\))?(\[\])*|[()\s]+'`;

/**
 * A short digest of each object's definition, by kind and name. The words are the server's own, so they may differ
 * between major versions; a drill uses a server of the dump's own. Casts and parentheses are left out: the server adds
 * and moves them each time that an expression is written out and read in again. So are the foreign keys that the server
 * makes of another for each partition, because it numbers them anew.
 */
async function schemaObjects(client: pg.Client): Promise<Record<string, string>> {
  const own = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
  const { rows } = await client.query<{ object: string; digest: string }>(
    `SELECT object, left(md5(string_agg(definition, E'\\n' ORDER BY definition COLLATE "C")), 12) AS digest FROM (SELECT object, regexp_replace(definition, ${castsAndSpace}, '', 'g') AS definition FROM (
       SELECT format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END, n.nspname, c.relname) AS object,
              concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
                CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END) AS definition
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't' AND ${own} AND ${notOfExtensions('pg_class')}
       UNION ALL
       SELECT format('table %I.%I', n.nspname, c.relname),
              concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, to_jsonb(a) ->> 'attgenerated', pg_get_expr(d.adbin, d.adrelid))
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND ${own} AND ${notOfExtensions('pg_class')}
       UNION ALL
       SELECT format('index %I.%I', n.nspname, c.relname), pg_get_indexdef(i.indexrelid)
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisvalid AND ${own} AND c.relpersistence <> 't' AND ${notOfExtensions('pg_class', 'i.indrelid')}
       UNION ALL
       SELECT format('constraint %I on %s', o.conname, coalesce(o.conrelid::regclass::text, o.contypid::regtype::text)), pg_get_constraintdef(o.oid)
       FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace WHERE o.contype <> 'n' AND NOT (o.contype = 'f' AND o.conparentid <> 0) AND ${own} AND ${notOfExtensions('pg_class', 'o.conrelid')} AND ${notOfExtensions('pg_type', 'o.contypid')}
       UNION ALL
       SELECT format('function %s', p.oid::regprocedure), CASE WHEN p.prokind = 'a' THEN p.prosrc ELSE pg_get_functiondef(p.oid) END
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${own} AND ${notOfExtensions('pg_proc', 'p.oid')}
       UNION ALL
       SELECT format('trigger %I on %s', t.tgname, t.tgrelid::regclass), pg_get_triggerdef(t.oid) || t.tgenabled::text
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND ${own}
       UNION ALL
       SELECT format('rule %I on %s', r.rulename, r.ev_class::regclass), pg_get_ruledef(r.oid)
       FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND ${own}
       UNION ALL
       SELECT format('policy %I on %s', y.polname, y.polrelid::regclass), concat_ws(' ', y.polcmd, y.polpermissive, pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))
       FROM pg_policy y
       UNION ALL
       SELECT format('type %I.%I', n.nspname, t.typname), concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
              (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
       FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r') AND ${own} AND ${notOfExtensions('pg_type', 't.oid')}
     ) AS written) AS described GROUP BY object ORDER BY object COLLATE "C"`,
  );
  return Object.fromEntries(rows.map(({ object, digest }) => [object, digest]));
}
