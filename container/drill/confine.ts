import pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import type { DatabaseFacts } from '../../core/manifest.js';

const id = pg.escapeIdentifier;

/** The throw-away server's superuser, whose name no dump is likely to know: a role "postgres" of the backup is an ordinary one. */
export const confinedSuperuser = 'respaldo_drill_superuser';
/** Loads the dump, and looks at what came of it. */
export const confinedRole = 'respaldo_drill';

/** Makes the roles that the backup names; those of the server itself are there. */
export async function createRoles(
  client: pg.Client,
  { owner, roles }: DatabaseFacts,
  present: string,
): Promise<string[]> {
  const wanted = [...new Set([owner, ...roles])].filter(
    (role) => role !== '' && role !== present && !role.startsWith('pg_'),
  );
  for (const role of wanted) await client.query(`CREATE ROLE ${id(role)}`);
  return wanted;
}

/**
 * Makes the role that loads the dump: it may make databases and act for every role of the backup, and nothing else. What
 * a dump says is then never said by a superuser, who could run programs and read files as the server's user; nor is what
 * its functions do while tables are analysed and compared.
 *
 * @param client the superuser's
 */
export async function createConfinedRole(client: pg.Client, roles: readonly string[]): Promise<void> {
  // Rows behind policies are compared, too.
  await client.query(`CREATE ROLE ${confinedRole} LOGIN CREATEDB BYPASSRLS`);
  for (const role of roles) await client.query(`GRANT ${id(role)} TO ${confinedRole}`);
}

/**
 * Prepares the template that databases are made from, so that the role can do there what only a superuser does elsewhere
 * and what hurts nobody here: the extensions that only a superuser may create are there already, and every role may own
 * things in every schema.
 *
 * @param client the superuser's, in the template
 * @throws OperatorError DRILL_NEEDS_SUPERUSER
 */
export async function prepareTemplate(client: pg.Client, backup: string, facts: DatabaseFacts): Promise<void> {
  for (const { name, schema } of await untrusted(client, facts)) {
    if (!['public', 'pg_catalog'].includes(schema))
      throw needsSuperuser(backup, `extension "${name}" stands in schema "${schema}", which only the dump makes`);
    await client.query(`CREATE EXTENSION IF NOT EXISTS ${id(name)} SCHEMA ${id(schema)} CASCADE`);
  }
  // An extension cannot be given away, but its comment is its owner's to write.
  await client.query('UPDATE pg_catalog.pg_extension SET extowner = $1::text::regrole', [confinedRole]);
  await client.query(openSchemas);
}

/** Roles that are to own something in a schema must be allowed to create there; a superuser would not be asked. */
const openSchemas = `
  GRANT ALL ON SCHEMA public TO PUBLIC;
  DO $do$ DECLARE each record; BEGIN
    IF current_setting('server_version_num')::int < 150000 THEN ALTER SCHEMA public OWNER TO ${confinedRole}; END IF;
    FOR each IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP
      EXECUTE format('GRANT USAGE ON FOREIGN DATA WRAPPER %I TO PUBLIC', each.fdwname);
    END LOOP;
    FOR each IN SELECT unnest(extconfig)::regclass AS config FROM pg_extension LOOP
      EXECUTE format('GRANT ALL ON %s TO ${confinedRole}', each.config);
    END LOOP;
  END $do$;
  CREATE FUNCTION pg_catalog.respaldo_open_schema() RETURNS event_trigger LANGUAGE plpgsql AS $body$
    DECLARE made record;
    BEGIN
      FOR made IN SELECT * FROM pg_catalog.pg_event_trigger_ddl_commands() LOOP
        EXECUTE pg_catalog.format('GRANT ALL ON SCHEMA %s TO PUBLIC', made.object_identity);
      END LOOP;
    END $body$;
  CREATE EVENT TRIGGER respaldo_open_schema ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA')
    EXECUTE FUNCTION pg_catalog.respaldo_open_schema();`;

/** The backup's extensions that an ordinary role may not create. Before 13, that is all of them. */
async function untrusted(client: pg.Client, { extensions }: DatabaseFacts) {
  const { rows } = await client.query<{ name: string }>(
    `SELECT a.name FROM pg_available_extensions a JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
     WHERE a.name = ANY ($1) AND to_jsonb(v) ->> 'trusted' IS DISTINCT FROM 'true'`,
    [extensions.map(({ name }) => name)],
  );
  const names = new Set(rows.map(({ name }) => name));
  return extensions.filter(({ name }) => names.has(name) && name !== 'plpgsql');
}

/** What the server says to a role that asks for a superuser's rights. */
const refused =
  /must be superuser|permission denied|must be (?:the )?owner|only superusers?|only roles with|must have|access to library .* is not allowed/i;

/** The error of what only a superuser could do; any other error as it is. */
export function explainRefusal(error: unknown, backup: string): unknown {
  if (!(error instanceof OperatorError) || !['RESTORE_FAILED', 'SOURCE_FAILED'].includes(error.code)) return error;
  return refused.test(error.message) ? needsSuperuser(backup, error.message, error) : error;
}

function needsSuperuser(backup: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'DRILL_NEEDS_SUPERUSER',
    `drill of ${backup} not done: it is loaded by a role that is no superuser, and ${why}`,
    'Look at what the dump asks for. If you trust the dump, which could then run programs here: respaldo drill --as-superuser, or BACKUP_DRILL_AS_SUPERUSER=true.',
    { cause },
  );
}
