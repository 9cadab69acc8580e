import pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import { membershipOptionsFrom } from '../../core/role-rights.js';
import { qualified, type Relation } from './relations.js';
import { serverVersion } from './server.js';

const id = pg.escapeIdentifier;

/**
 * Refuses, before anything is written, what pg_dump would only notice on its way.
 *
 * @throws OperatorError NOT_READABLE naming each relation and the reason, with the statements that mend it
 */
export async function assertReadable(
  client: pg.Client,
  database: string,
  selected: readonly Relation[],
): Promise<void> {
  const unreadable = selected.filter((relation) => !relation.readable);
  const { rows: objects } = await client.query<OwnedObjects>(
    `SELECT count(*) AS count, r.rolname AS owner, r.rolsuper AS super FROM pg_largeobject_metadata m JOIN pg_roles r ON r.oid = m.lomowner
     WHERE NOT pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (
       SELECT FROM aclexplode(m.lomacl) a
       WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
     GROUP BY 2, 3 ORDER BY 2`,
  );
  if (unreadable.length === 0 && objects.length === 0) return;
  const named = unreadable.slice(0, 20).map((relation) => `${relation.kind} ${qualified(relation)}: ${relation.why}`);
  if (unreadable.length > 20) named.push(`and ${unreadable.length - 20} more`);
  for (const { count, owner } of objects) named.push(`${count} large objects of "${owner}": no SELECT`);
  const role = (await client.query<{ role: string }>('SELECT current_user AS role')).rows[0]?.role ?? '';
  throw new OperatorError(
    'NOT_READABLE',
    `backup of "${database}" not taken: role "${role}" may not read all of it:\n  ${named.join('\n  ')}`,
    await remedy(client, role, unreadable, objects),
  );
}

/** Large objects of one role. */
interface OwnedObjects {
  readonly count: string;
  readonly owner: string;
  readonly super: boolean;
}

/**
 * pg_read_all_data reads neither what row security hides nor large objects: there it takes the owner's own rights. Nobody
 * is made a member of a superuser's role for that.
 */
async function remedy(
  client: pg.Client,
  role: string,
  unreadable: readonly Relation[],
  objects: readonly OwnedObjects[],
): Promise<string> {
  const { major } = await serverVersion(client);
  const hidden = unreadable.filter((relation) => relation.hidden);
  const { rows } = await client.query<{ owner: string; forced: boolean }>(
    'SELECT DISTINCT rolname AS owner, relforcerowsecurity OR rolsuper AS forced FROM pg_class c JOIN pg_roles r ON r.oid = relowner WHERE c.oid = ANY ($1)',
    [hidden.map(({ oid }) => oid)],
  );
  const ofOthers = objects.filter((each) => !each.super).map(({ owner }) => owner);
  const owners = new Set([...ofOthers, ...rows.filter(({ forced }) => !forced).map(({ owner }) => owner)]);
  const what = [...(ofOthers.length > 0 ? ['large objects'] : []), ...(hidden.length > 0 ? ['hidden rows'] : [])];
  const statements = [
    ...(unreadable.some(({ why }) => why.startsWith('no ')) ? [`GRANT pg_read_all_data TO ${id(role)};`] : []),
    ...[...owners].map(
      (owner) => `GRANT ${id(owner)} TO ${id(role)}${major >= membershipOptionsFrom ? ' WITH INHERIT TRUE' : ''};`,
    ),
    ...(rows.some(({ forced }) => forced) ? [`ALTER ROLE ${id(role)} BYPASSRLS;`] : []),
    ...(objects.some((each) => each.super) ? [`GRANT SELECT ON LARGE OBJECT … TO ${id(role)};`] : []),
  ];
  return [
    `As a superuser, or a role that may grant it: ${statements.join(' ')}`,
    ...(owners.size > 0
      ? [
          `(Only their owner’s members read ${what.join(' and ')}${hidden.length > 0 ? '; a superuser may give BYPASSRLS instead' : ''}.)`,
        ]
      : []),
    ...(unreadable.length > 0 ? ['Or leave out what is not needed: --exclude-table.'] : []),
  ].join(' ');
}
