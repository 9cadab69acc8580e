import pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import type { DatabaseFacts } from '../../core/manifest.js';
import { membershipOptionsFrom, type NeededRole, roleProblem } from '../../core/role-rights.js';
import { serverVersion } from './server.js';

/** What the restoring role is and may do. */
export interface RoleRights {
  readonly name: string;
  readonly superuser: boolean;
  readonly createDatabase: boolean;
}

/** Of the role that the session has now; a superuser may create databases, whatever its own right says. */
export async function roleRights(client: pg.Client): Promise<RoleRights> {
  const { rows } = await client.query(
    'SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user',
  );
  const row = rows[0] ?? {};
  return {
    name: row.rolname ?? '',
    superuser: row.rolsuper === true,
    createDatabase: row.rolsuper === true || row.rolcreatedb === true,
  };
}

/** What a target server lacks for a dump, each as a line for people. */
export interface Lacking {
  readonly roles: readonly string[];
  readonly extensions: readonly string[];
}

/** Compares what the manifest says a dump needs with what the server has. */
export async function lacking(
  client: pg.Client,
  facts: Pick<DatabaseFacts, 'owner' | 'owners' | 'roles' | 'extensions'>,
  rights: RoleRights,
): Promise<Lacking> {
  const { major } = await serverVersion(client);
  const { rows: roles } = await client.query<Omit<NeededRole, 'owns'>>(
    `SELECT needed.name, r.oid IS NOT NULL AS exists, coalesce(pg_has_role(r.oid, '${major >= membershipOptionsFrom ? 'SET' : 'MEMBER'}'), false) AS settable,
            coalesce(pg_has_role(r.oid, 'USAGE'), false) AS inherited, coalesce(r.rolsuper, false) AS superuser
     FROM unnest($1::text[]) AS needed(name) LEFT JOIN pg_roles r ON r.rolname = needed.name`,
    [[...new Set([facts.owner, ...facts.roles])].filter(Boolean)],
  );
  const owns = (name: string) => name === facts.owner || facts.owners.includes(name);
  const { rows: extensions } = await client.query<{ name: string }>(
    `SELECT needed.name FROM unnest($1::text[]) AS needed(name)
     WHERE NOT EXISTS (SELECT FROM pg_available_extensions a WHERE a.name = needed.name)`,
    [facts.extensions.map(({ name }) => name)],
  );
  return {
    roles: roles.flatMap((role) => roleProblem({ ...role, owns: owns(role.name) }, rights.name, major) ?? []),
    extensions: extensions.map(({ name }) => {
      const version = facts.extensions.find((extension) => extension.name === name)?.version;
      return `extension "${name}" (${version}) is not installed on the server`;
    }),
  };
}

/** @throws OperatorError TARGET_LACKS naming everything at once */
export function assertNothingLacks({ roles, extensions }: Lacking, withoutOwners: boolean): void {
  const problems = [...(withoutOwners ? [] : roles), ...extensions];
  if (problems.length === 0) return;
  const onlyRoles = extensions.length === 0;
  throw new OperatorError(
    'TARGET_LACKS',
    `the server lacks what this backup needs:\n  ${problems.join('\n  ')}`,
    onlyRoles
      ? 'Create the roles (a backup taken with --with-globals has them) and grant what is said above, or restore with --no-owner: everything then belongs to the restoring role.'
      : 'Install the extensions’ packages on the server; roles can be left out with --no-owner.',
  );
}

/**
 * A restore in place makes every schema anew but `public`, which takes a right on the database as a whole.
 *
 * @throws OperatorError TARGET_LACKS
 */
export async function assertMayMakeSchemas(
  client: pg.Client,
  database: string,
  { tables }: Pick<DatabaseFacts, 'tables'>,
  { name }: RoleRights,
): Promise<void> {
  const [schema] = tables.map((table) => table.schema).filter((each) => each !== 'public');
  if (schema === undefined) return;
  const { rows } = await client.query("SELECT has_database_privilege($1::text, 'CREATE') AS may", [database]);
  if (rows[0]?.may === true) return;
  throw new OperatorError(
    'TARGET_LACKS',
    `role "${name}" may make no schema in "${database}", and a restore in place makes "${schema}" anew`,
    `As the database’s owner: GRANT CREATE ON DATABASE ${pg.escapeIdentifier(database)} TO ${pg.escapeIdentifier(name)}. Or leave --in-place out.`,
  );
}
