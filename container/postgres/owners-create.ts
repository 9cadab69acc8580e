import pg from 'pg';
import type { DatabaseFacts } from '../../core/manifest.js';
import { doBlock } from './do-block.js';

/*
 * pg_dump gives a table to its owner right after it has made it, and grants rights on schemas last of all. Who owns something
 * must be allowed to create in its schema, unless a superuser gives it away: so a dump of a database whose tables belong to
 * the application's role, and the database to another one, as on RDS, is refused halfway from PostgreSQL 15 on. Here the
 * owners get that right before the load, and lose it after it where they had it not.
 */

/** SQL for before the load, in the database that is loaded. */
export function letOwnersCreate(owners: readonly string[]): string {
  return doBlock(
    'owner name;',
    `FOR owner IN SELECT rolname FROM pg_roles WHERE rolname = ANY (${names(owners)}) AND rolname <> current_user LOOP
    IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'public') THEN
      EXECUTE format('GRANT CREATE ON SCHEMA public TO %I', owner);
    END IF;
    EXECUTE format('ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO %I', owner);
  END LOOP;`,
  );
}

/**
 * SQL for after it.
 *
 * @param creators as the manifest has them; where it has none, the rights on schemas stay
 */
export function takeBackCreate(owners: readonly string[], creators: DatabaseFacts['creators']): string {
  return doBlock(
    'granted record;',
    `FOR granted IN SELECT rolname AS owner FROM pg_roles WHERE rolname = ANY (${names(owners)}) AND rolname <> current_user LOOP
    EXECUTE format('ALTER DEFAULT PRIVILEGES REVOKE CREATE ON SCHEMAS FROM %I', granted.owner);
  END LOOP;
  ${creators ? takeBackOnSchemas(owners, creators) : ''}`,
  );
}

function takeBackOnSchemas(
  owners: readonly string[],
  creators: readonly { readonly schema: string; readonly role: string }[],
): string {
  return `FOR granted IN SELECT n.nspname AS schema, r.rolname AS owner
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND r.rolname = ANY (${names(owners)}) AND r.rolname <> current_user
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (
        SELECT FROM unnest(${names(creators.map(({ schema }) => schema))}, ${names(creators.map(({ role }) => role))}) AS kept(schema, role)
        WHERE kept.schema = n.nspname AND kept.role = r.rolname)
  LOOP
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', granted.schema, granted.owner);
  END LOOP;`;
}

function names(all: readonly string[]): string {
  return `ARRAY[${all.map((name) => pg.escapeLiteral(name)).join(', ')}]::name[]`;
}
