import { describe, expect, it } from 'vitest';
import { describeHolder, type LockHolder } from '../../../core/postgres/lock-holder.js';

describe('a holder', () => {
  const session: LockHolder = {
    ...{ pid: 7, prepared: undefined, table: 'deals', user: 'app', application: 'psql', state: 'idle in transaction' },
    ...{ seconds: 61, query: "UPDATE deals SET note = 'canary'", waitsFor: [] },
  };

  it.each([
    ["UPDATE people SET email = 'row-canary'", 'UPDATE'],
    ['begin; lock table people', 'BEGIN; LOCK TABLE'],
    ['ALTER TABLE people ADD CHECK (email > $$canary$$)', 'ALTER TABLE'],
    ['/* canary */ CREATE UNIQUE INDEX CONCURRENTLY canary ON people (email)', 'CREATE UNIQUE INDEX CONCURRENTLY'],
    ["INSERT INTO t VALUES ('; canary; drop')", 'INSERT INTO'],
    ['canary', ''],
    ['<insufficient privilege>', ''],
    ['', ''],
  ])('whose statement is %s is told to be at %s', (query, command) => {
    const facts = 'user "app", application "psql", active, in a transaction for 61 s';
    expect(describeHolder({ ...session, state: 'active', query })).toBe(
      `deals: server process 7 (${facts}${command === '' ? '' : `, at ${command}`})`,
    );
  });

  it('is told by what the role may see of it', () => {
    expect(describeHolder(session)).toBe(
      'deals: server process 7 (user "app", application "psql", idle in transaction, in a transaction for 61 s, last UPDATE)',
    );
    const unknown = { user: undefined, application: undefined, state: undefined, seconds: undefined, query: undefined };
    expect(describeHolder({ ...session, ...unknown })).toBe('deals: server process 7');
  });

  it('may be a prepared transaction', () => {
    expect(describeHolder({ ...session, pid: undefined, prepared: 'x-1', seconds: 9_000 })).toBe(
      'deals: the prepared transaction "x-1", for 3 h',
    );
  });

  it('may itself wait for others', () => {
    const waiting = { ...session, pid: 8, state: 'active', query: 'ALTER TABLE deals', waitsFor: [session] };
    expect(describeHolder(waiting)).toMatch(
      /^deals: server process 8 \(.* at ALTER TABLE\), which waits itself for server process 7 \(.*last UPDATE\)$/,
    );
  });
});
