import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../core/errors.js';
import { readEnvironment } from '../../infra/settings/read.js';
import { least } from '../support/aws/stack.js';
import { temporaryFolder } from '../support/folders.js';

const now = new Date('2026-01-15T00:00:00Z');

function problemsOf(settings: unknown): string {
  try {
    readEnvironment({ prod: settings }, 'prod', now);
  } catch (error) {
    return messageOf(error);
  }
  return 'nothing is wrong';
}

describe('assertions of a drill', () => {
  const settings = (assertions: unknown, more: object = {}) => ({ ...least, drill: { assertions }, ...more });

  it('are SQL, or a file of it that is read at once', async () => {
    const sql = 'SELECT count(*) > 0 FROM customers; -- all';
    const file = join(await temporaryFolder(), 'assertions.sql');
    await writeFile(file, sql);
    for (const given of [sql, file]) {
      expect(readEnvironment({ prod: settings(given) }, 'prod', now).drill.assertions).toBe(sql);
    }
  });

  it.each([
    {
      name: 'no text',
      given: 7,
      says: 'environments.prod.drill.assertions=7: must be SQL, or the path of a .sql file',
    },
    { name: 'nothing to run', given: '/* none */ ; -- at all', says: 'must hold a statement of SQL' },
    {
      name: 'a file that is not there',
      given: 'no/such.sql',
      says: 'cannot be read, seen from the folder of cdk.json: ENOENT',
    },
    {
      name: 'more than fits',
      given: `SELECT '${'é'.repeat(16_400)}'`,
      says: 'has 32809 bytes; 32768 at most go into a task definition',
    },
    { name: 'psql commands', given: 'SELECT true;\n\\i more.sql', says: 'line 2 is a command of psql’s' },
  ])('$name', ({ given, says }) => {
    const problem = problemsOf(settings(given));
    expect(problem).toContain(says);
    expect(problem).toContain('environments.prod.drill.assertions');
    expect(problem.length).toBeLessThan(400);
  });

  it.each([
    {
      name: 'where drills are off',
      more: { schedules: { drill: false } },
      says: 'drill.assertions="SELECT true": would never be run: it needs schedules.drill or drill.afterBackup',
    },
    {
      name: 'where there is no database',
      more: { databases: undefined, media: [{ bucket: 'crm-media' }] },
      says: 'drill.assertions="SELECT true": would never be run: it needs databases',
    },
  ])('would never be run $name', ({ more, says }) => {
    expect(problemsOf(settings('SELECT true', more))).toBe(`environments.prod.${says}`);
  });
});
