import { describe, expect, it } from 'vitest';
import { roleProblem } from '../../core/role-rights.js';

const owner = { name: 'o"w', owns: true, exists: true, settable: true, inherited: true, superuser: false };

describe('the roles that a dump names', () => {
  it.each([
    { name: 'an owner that one is', role: owner, major: 16, says: undefined },
    {
      name: 'who only holds rights',
      role: { ...owner, owns: false, settable: false, inherited: false },
      major: 16,
      says: undefined,
    },
    {
      name: 'none of that name',
      role: { ...owner, owns: false, exists: false },
      major: 14,
      says: 'role "o"w" does not exist',
    },
    {
      name: 'no member',
      role: { ...owner, settable: false, inherited: false },
      major: 15,
      says: 'is no member of role "o"w", so it cannot make that role an owner: GRANT "o""w" TO "me"',
    },
    {
      name: 'a member that inherits nothing',
      role: { ...owner, inherited: false },
      major: 15,
      says: 'does not inherit the rights of role "o"w", which who restores what it owns needs: ALTER ROLE "me" INHERIT',
    },
    {
      name: 'no member, from 16 on',
      role: { ...owner, settable: false, inherited: false },
      major: 16,
      says: 'is no member of role "o"w" with SET and INHERIT, which who restores what it owns needs: GRANT "o""w" TO "me" WITH INHERIT TRUE, SET TRUE',
    },
    {
      name: 'a superuser, whom nobody should be made a member of',
      role: { ...owner, settable: false, inherited: false, superuser: true },
      major: 17,
      says: 'role "o"w", which owns some of it, is a superuser: only a superuser restores that',
    },
    { name: 'without SET', role: { ...owner, settable: false }, major: 17, says: 'with SET, which' },
    { name: 'without INHERIT', role: { ...owner, inherited: false }, major: 18, says: 'with INHERIT, which' },
  ])('$name', ({ role, major, says }) => {
    const said = roleProblem(role, 'me', major);
    if (says === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(says);
  });
});
