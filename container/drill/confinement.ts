import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { OperatorError, saidBy } from '../../core/errors.js';
import type { DatabaseFacts } from '../../core/manifest.js';
import { isServerGone } from '../postgres/server-errors.js';

const id = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/** The roles by which a dump is kept from doing on the server's machine what only a superuser may. */
export interface Confinement {
  /** Loads, analyzes, compares and asserts: no superuser, and no member of a role that reaches files or programs. */
  readonly role: string;
  readonly password: string;
  /** A group of all roles that the dump names. */
  readonly owners: string;
}

/** @param roles those that the dump names; they must be there */
export async function createConfinement(client: pg.Client, roles: readonly string[]): Promise<Confinement> {
  // Unforeseeable, so that no dump can name them; and so that none can log in as them, through dblink for example.
  const mark = randomBytes(8).toString('hex');
  const password = randomBytes(24).toString('base64url');
  const [role, owners] = [`respaldo_drill_${mark}`, `respaldo_owners_${mark}`];
  // Row security would hide rows from who is no superuser.
  await client.query(`CREATE ROLE ${id(role)} LOGIN CREATEDB BYPASSRLS PASSWORD ${literal(password)}`);
  await client.query(`CREATE ROLE ${id(owners)} ROLE ${id(role)}`);
  // For tables whose owner has taken his own rights away. From 14 on.
  await client.query(`DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT rolname FROM pg_roles WHERE rolname IN ('pg_read_all_data', 'pg_write_all_data') LOOP EXECUTE format('GRANT %I TO ${id(role)}', name); END LOOP; END $$`);
  for (const each of roles) {
    await client.query(`GRANT ${id(each)} TO ${id(role)}; GRANT ${id(owners)} TO ${id(each)}`);
  }
  return { role, password, owners };
}

/**
 * Does in a new database, by a superuser and before anything of the dump is there, what the dump needs one for: makes the
 * extensions, so that the dump's own `CREATE EXTENSION IF NOT EXISTS` finds them, and lets owners own.
 *
 * @throws OperatorError TARGET_LACKS where an extension cannot be made
 */
export async function prepareConfined(
  client: pg.Client,
  database: string,
  facts: DatabaseFacts,
  confinement: Confinement,
): Promise<void> {
  await letOwnersOwn(client, database, confinement);
  const away = await createExtensionSchemas(client, facts, confinement);
  await createExtensions(client, facts);
  await giveExtensions(client, confinement);
  if (away.length > 0) await letSchemasBeCreatedAgain(client, away, confinement);
}

/**
 * Takes away what {@link prepareConfined} added: to the schema, so that it is not compared; and the owners' rights, on the
 * database, its schemas and foreign data wrappers, so that assertions see who may do what as it was dumped.
 */
export async function releaseConfined(client: pg.Client, { role: helper, owners }: Confinement): Promise<void> {
  await client.query(
    `DROP EVENT TRIGGER IF EXISTS ${helper}_before; DROP EVENT TRIGGER IF EXISTS ${helper}_after; DROP SCHEMA IF EXISTS ${helper} CASCADE`,
  );
  // It owns nothing; this takes back whatever was granted to it, default privileges too.
  await client.query(`DROP OWNED BY ${id(owners)} CASCADE`);
}

/** An object's new owner must be allowed to create in its schema, which is not asked of a superuser who gives it away. */
async function letOwnersOwn(client: pg.Client, database: string, { role, owners }: Confinement): Promise<void> {
  await client.query(`
    GRANT ALL ON DATABASE ${id(database)} TO ${id(owners)};
    GRANT ALL ON SCHEMA public TO ${id(owners)};
    ALTER DEFAULT PRIVILEGES FOR ROLE ${id(role)} GRANT ALL ON SCHEMAS TO ${id(owners)}`);
  // From 15 on, public belongs to whoever owns the database.
  await client.query(`DO $$ BEGIN
    IF current_setting('server_version_num')::int < 150000 THEN ALTER SCHEMA public OWNER TO ${id(role)}; END IF; END $$`);
}

/** @returns the schemas that were made */
async function createExtensionSchemas(
  client: pg.Client,
  { extensions }: DatabaseFacts,
  { role, owners }: Confinement,
): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT DISTINCT name FROM unnest($1::text[]) AS needed(name) WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = name)',
    [extensions.map(({ schema }) => schema)],
  );
  for (const { name } of rows) {
    await client.query(
      `CREATE SCHEMA ${id(name)} AUTHORIZATION ${id(role)}; GRANT ALL ON SCHEMA ${id(name)} TO ${id(owners)}`,
    );
  }
  return rows.map(({ name }) => name);
}

/** Each after those that it requires. */
async function createExtensions(client: pg.Client, { extensions }: DatabaseFacts): Promise<void> {
  const { rows } = await client.query<{ name: string; requires: string[] }>(
    `SELECT a.name, coalesce(v.requires::text[], '{}') AS requires FROM pg_available_extensions a
     JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version WHERE a.name = ANY ($1)`,
    [extensions.map(({ name }) => name)],
  );
  const requires = new Map(rows.map((row) => [row.name, row.requires]));
  let missing = extensions;
  while (missing.length > 0) {
    const names = new Set(missing.map(({ name }) => name));
    const ready = missing.filter(({ name }) => !requires.get(name)?.some((required) => names.has(required)));
    for (const { name, schema } of ready.length > 0 ? ready : missing) await createExtension(client, name, schema);
    missing = ready.length > 0 ? missing.filter((each) => !ready.includes(each)) : [];
  }
}

async function createExtension(client: pg.Client, name: string, schema: string): Promise<void> {
  try {
    await client.query(`CREATE EXTENSION IF NOT EXISTS ${id(name)} SCHEMA ${id(schema)}`);
  } catch (cause) {
    if (isServerGone(cause)) throw cause;
    throw OperatorError.passingOn(
      'TARGET_LACKS',
      saidBy(cause),
      (said) => `extension "${name}" cannot be made in the throw-away server: ${said}`,
      'The backup was not looked at. Install what the server asks for, or drill on a machine where the extension works.',
      { cause },
    );
  }
}

/**
 * What the server itself does for a trusted extension: who creates it owns it, and can comment on it, but its objects
 * belong to the superuser. Beside that, what a dump may do with them: fill tables of theirs, use foreign data wrappers,
 * and grant on what everybody may use anyway.
 */
async function giveExtensions(client: pg.Client, { role, owners }: Confinement): Promise<void> {
  const to = `TO ${id(role)} WITH GRANT OPTION`;
  await client.query('UPDATE pg_extension SET extowner = $1::regrole', [id(role)]);
  const { rows } = await client.query<{ grant: string }>(
    `SELECT format('GRANT ALL ON %s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass) AS grant
     FROM pg_depend d JOIN pg_class c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     UNION ALL
     SELECT format('GRANT ALL ON ROUTINE %s', p.oid::regprocedure)
     FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND has_function_privilege('public', p.oid, 'EXECUTE')
     UNION ALL
     SELECT format('GRANT ALL ON FOREIGN DATA WRAPPER %I', fdwname) FROM pg_foreign_data_wrapper`,
  );
  await client.query(rows.map(({ grant }) => `${grant} ${to};`).join('\n'));
  await client.query(`DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP EXECUTE format('GRANT ALL ON FOREIGN DATA WRAPPER %I TO ${id(owners)}', name); END LOOP; END $$`);
}

/**
 * A dump creates the schemas of its extensions itself, and cannot where one of that name is there. Ours step aside while
 * a schema is being created, and take the place of a new one of their name: all that is in them stays what it is.
 */
async function letSchemasBeCreatedAgain(
  client: pg.Client,
  names: readonly string[],
  { role: helper }: Confinement,
): Promise<void> {
  const schemas = `unnest(ARRAY[${names.map((name) => `${literal(name)}`).join(', ')}]::text[]) WITH ORDINALITY AS ours(name, number)`;
  const trigger = (when: 'before' | 'after', body: string) => `
    CREATE FUNCTION ${helper}.${when}() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS ${literal(
      `DECLARE here text; aside text; BEGIN FOR here, aside IN SELECT name, '${helper}_' || number FROM ${schemas} LOOP ${body} END LOOP; END`,
    )};
    CREATE EVENT TRIGGER ${helper}_${when} ON ddl_command_${when === 'before' ? 'start' : 'end'} WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION ${helper}.${when}()`;
  await client.query(`
    CREATE SCHEMA ${helper};
    ${trigger('before', `EXECUTE format('ALTER SCHEMA %I RENAME TO %I', here, aside);`)};
    ${trigger(
      'after',
      `IF EXISTS (SELECT FROM pg_namespace WHERE nspname = here) THEN EXECUTE format('DROP SCHEMA %I', here); END IF;
       EXECUTE format('ALTER SCHEMA %I RENAME TO %I', aside, here);`,
    )}`);
}
