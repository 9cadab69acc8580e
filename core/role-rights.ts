import { quoted } from './table/tokens.js';

/** A role that a dump names, as the restoring role stands to it. */
export interface NeededRole {
  readonly name: string;
  /** Of something that is restored, or of the database. */
  readonly owns: boolean;
  readonly exists: boolean;
  /** Whether the restoring role may make it an owner: as its member, from PostgreSQL 16 on as one with SET. */
  readonly settable: boolean;
  readonly superuser: boolean;
  /** Whether the restoring role has its rights at once, and so may go on working on what it has given to it. */
  readonly inherited: boolean;
}

/** The first major in which each membership has options of its own: https://www.postgresql.org/docs/16/sql-grant.html */
export const membershipOptionsFrom = 16;

/** Why a dump cannot be restored because of a role, and the statement that mends it; undefined where it can. */
export function roleProblem(role: NeededRole, me: string, major: number): string | undefined {
  const { name, owns, exists, settable, inherited, superuser } = role;
  if (!exists) return `role "${name}" does not exist`;
  if (!owns || (settable && inherited)) return undefined;
  if (superuser) {
    return `role "${name}", which owns some of it, is a superuser: only a superuser restores that, unless its owner is another role when the next backup is taken`;
  }
  const grant = `GRANT ${quoted(name)} TO ${quoted(me)}`;
  if (major >= membershipOptionsFrom) {
    const lacks = [...(settable ? [] : ['SET']), ...(inherited ? [] : ['INHERIT'])];
    return `"${me}" is no member of role "${name}" with ${lacks.join(' and ')}, which who restores what it owns needs: ${grant} WITH INHERIT TRUE, SET TRUE`;
  }
  return settable
    ? `"${me}" does not inherit the rights of role "${name}", which who restores what it owns needs: ALTER ROLE ${quoted(me)} INHERIT`
    : `"${me}" is no member of role "${name}", so it cannot make that role an owner: ${grant}`;
}
