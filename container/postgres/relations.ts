import pg from 'pg';
import type { DatabaseFacts, TableFacts } from '../../core/manifest.js';

/** A relation that pg_dump reads. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned table' | 'sequence';
  readonly readable: boolean;
  readonly why: string;
  /** Whether row security hides rows of it from the role. */
  readonly hidden: boolean;
}

/** `public.orders`, quoted where needed: what messages and SQL both use. */
export function qualified({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
}

/**
 * The relations that pg_dump reads: ordinary and partitioned tables and sequences, not the temporary ones, not those of
 * extensions, and on a standby not the unlogged ones.
 */
export async function relations(client: pg.Client): Promise<Relation[]> {
  const { rows } = await client.query(
    `SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
            CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN 'no USAGE on its schema'
                 WHEN c.relkind = 'S' AND NOT has_sequence_privilege(c.oid, 'SELECT') THEN 'no SELECT'
                 WHEN c.relkind <> 'S' AND NOT has_table_privilege(c.oid, 'SELECT') THEN 'no SELECT'
                 WHEN c.relkind <> 'S' AND row_security_active(c.oid) THEN 'row security hides rows'
                 ELSE '' END AS why,
            c.relkind <> 'S' AND row_security_active(c.oid) AS hidden
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
       AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
       AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY n.nspname, c.relname`,
  );
  const words: Record<string, Relation['kind']> = { r: 'table', p: 'partitioned table', S: 'sequence' };
  return rows.map(({ oid, schema, name, kind, why, hidden }) => ({
    oid: Number(oid),
    schema,
    name,
    kind: words[kind] ?? 'table',
    readable: why === '',
    why,
    hidden,
  }));
}

/** Counts the rows of each table, in the order given. Sees what the session's snapshot sees. */
export async function countRows(
  client: pg.Client,
  tables: readonly { schema: string; name: string }[],
): Promise<TableFacts[]> {
  const counted: TableFacts[] = [];
  for (const { schema, name } of tables) {
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) AS count FROM ONLY ${qualified({ schema, name })}`,
    );
    counted.push({ schema, name, rows: Number(rows[0]?.count ?? 0) });
  }
  return counted;
}

/** What the manifest tells of a database beside its tables. */
export async function describeDatabase(
  client: pg.Client,
): Promise<Pick<DatabaseFacts, 'extensions' | 'roles' | 'owners' | 'creators'>> {
  const extensions = await client.query(
    `SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY 1`,
  );
  // pg_shdepend knows every owner and grantee but the bootstrap superuser: nobody can drop that role, so nothing
  // records what it owns. Before 15, pg_dump does not say whose public is; whose an extension and its parts are, never.
  const { rows } = await client.query<{ name: string; owns: boolean }>(
    `WITH own AS (SELECT oid, nspname <> 'public' OR current_setting('server_version_num')::int >= 150000 AS owned FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
     parts AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e' UNION ALL SELECT tableoid, oid FROM pg_extension),
     involved(oid, owns) AS (
       SELECT refobjid, deptype = 'o' FROM pg_shdepend s
       WHERE NOT (deptype = 'o' AND EXISTS (SELECT FROM parts p WHERE p.classid = s.classid AND p.objid = s.objid)) AND refclassid = 'pg_authid'::regclass AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND NOT (deptype = 'o' AND classid = 'pg_namespace'::regclass AND objid IN (SELECT oid FROM own WHERE NOT owned))
       UNION SELECT relowner, true FROM pg_class c WHERE relnamespace IN (SELECT oid FROM own) AND relkind NOT IN ('i', 'I') AND NOT EXISTS (SELECT FROM parts p WHERE p.classid = c.tableoid AND p.objid = c.oid)
       UNION SELECT proowner, true FROM pg_proc f WHERE pronamespace IN (SELECT oid FROM own) AND NOT EXISTS (SELECT FROM parts p WHERE p.classid = f.tableoid AND p.objid = f.oid)
       UNION SELECT typowner, true FROM pg_type t WHERE typnamespace IN (SELECT oid FROM own) AND typrelid = 0 AND typtype <> 'm' AND typcategory <> 'A' AND NOT EXISTS (SELECT FROM parts p WHERE p.classid = t.tableoid AND p.objid = t.oid)
       UNION SELECT nspowner, true FROM pg_namespace n WHERE oid IN (SELECT oid FROM own WHERE owned) AND NOT EXISTS (SELECT FROM parts p WHERE p.classid = n.tableoid AND p.objid = n.oid)
       UNION SELECT lomowner, true FROM pg_largeobject_metadata
       UNION SELECT defaclrole, true FROM pg_default_acl)
     SELECT r.rolname AS name, bool_or(i.owns) AS owns FROM involved i JOIN pg_roles r ON r.oid = i.oid
     WHERE r.rolname !~ '^pg_' GROUP BY 1 ORDER BY 1`,
  );
  const creators = await client.query<{ schema: string; role: string }>(
    `SELECT n.nspname AS schema, r.rolname AS role
     FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     ORDER BY 1, 2`,
  );
  return {
    extensions: extensions.rows,
    roles: rows.map(({ name }) => name),
    owners: rows.filter(({ owns }) => owns).map(({ name }) => name),
    creators: creators.rows,
  };
}
