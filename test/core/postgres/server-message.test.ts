import { describe, expect, it } from 'vitest';
import { messageOf, OperatorError, saidBy, stackOf, toldError } from '../../../core/errors.js';
import { saidByProgram, saidByServer, separate } from '../../../core/postgres/server-message.js';

/** What came out of a row. */
const canary = 'bob@canary.example';

describe('what psql and pg_restore write', () => {
  it.each([
    {
      name: 'a key that is there twice',
      text: `psql:<stdin>:45: ERROR:  duplicate key value violates unique constraint "people_pkey"\nDETAIL:  Key (email)=(${canary}) already exists.\nCONTEXT:  COPY people, line 3`,
      told: 'psql:<stdin>:45: ERROR:  duplicate key value violates unique constraint "people_pkey"\n  […] (COPY people, line 3)',
    },
    {
      name: 'a value of the wrong type',
      text: `pg_restore: error: COPY failed for table "people": ERROR:  invalid input syntax for type timestamp with time zone: "${canary}"\nCONTEXT:  COPY people, line 3, column born: "${canary}"`,
      told: 'pg_restore: error: COPY failed for table "people": ERROR:  invalid input syntax for type timestamp with time zone: […] (COPY people, line 3, column born)',
    },
    {
      name: 'a value that begins like a message',
      text: `ERROR:  new row for relation "people" violates check constraint "known"\nDETAIL:  Failing row contains (1, x\nERROR:  ${canary}).`,
      told: 'ERROR:  new row for relation "people" violates check constraint "known"\n  […]',
    },
    {
      name: 'a number out of range',
      text: `psql:<stdin>:2: ERROR:  value "${canary}" is out of range for type integer`,
      told: 'psql:<stdin>:2: ERROR:  value […] is out of range for type integer',
    },
    {
      name: 'an enum’s value',
      text: `ERROR:  invalid input value for enum public.mood: "${canary}"`,
      told: 'ERROR:  invalid input value for enum public.mood: […]',
    },
    {
      name: 'bytes that are no text',
      text: 'ERROR:  invalid byte sequence for encoding "UTF8": 0x62 0x6f 0x62',
      told: 'ERROR:  invalid byte sequence for encoding "UTF8": […]',
    },
    {
      name: 'rows that psql takes for commands',
      text: `psql:<stdin>:7: error: invalid command \\N${canary}`,
      told: 'psql:<stdin>:7: error: invalid command […]',
    },
    {
      name: 'a syntax error',
      text: `ERROR:  syntax error at or near "${canary}"\nLINE 1: ${canary}`,
      told: 'ERROR:  syntax error at or near […]',
    },
    {
      name: 'what a function of the users’ own raises',
      text: `ERROR:  who is ${canary}\nCONTEXT:  PL/pgSQL function public.known(text) line 3 at RAISE\nCOPY people, line 1: "1\t${canary}"`,
      told: 'ERROR:  […] (COPY people, line 1)',
    },
    {
      name: 'what begins like a known sentence and goes on',
      text: `ERROR:  relation "people" does not exist for ${canary}`,
      told: 'ERROR:  relation "people" does not exist […]',
    },
    {
      name: 'a message in another language',
      text: `psql:<stdin>:3: FEHLER:  ungültige Eingabesyntax für Typ integer: »${canary}«`,
      told: 'psql:<stdin>:3: […]',
    },
    {
      name: 'the command that failed',
      text: `pg_restore: error: could not execute query: ERROR:  type "sales.mood" does not exist\nCommand was: INSERT INTO people VALUES ('${canary}')`,
      told: 'pg_restore: error: could not execute query: ERROR:  type "sales.mood" does not exist\n  […]',
    },
    {
      name: 'a server that is gone',
      text: 'pg_restore: error: could not execute query: server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.',
      told: 'pg_restore: error: could not execute query: server closed the connection unexpectedly\n  This probably means the server terminated abnormally\n  before or while processing the request.',
    },
  ])('$name', ({ text, told }) => {
    expect(told).not.toContain('canary');
    expect(separate(text)).toEqual({ told, inFull: text });
  });

  it('names what is missing or not allowed, of pg_dump too', () => {
    for (const text of [
      'pg_dump: error: query failed: ERROR:  permission denied for table people',
      'pg_dump: error: no matching tables were found',
      'pg_dump: error: connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "none" does not exist',
      'psql:<stdin>:9: ERROR:  role "keeper" does not exist',
      'ERROR:  function public.known(text, integer) does not exist',
      'ERROR:  extension "postgis" is not available',
      'ERROR:  could not extend file "base/5/1": No space left on device',
      'FATAL:  terminating connection due to administrator command',
    ])
      expect(separate(text).told).toBe(text);
  });

  it('is told from its error on, whatever was warned of before', () => {
    const stderr = `pg_dump: warning: ${canary}\npg_dump: error: query failed: ERROR:  permission denied for table people\npg_dump: detail: Query was: SELECT '${canary}'`;
    const { told, inFull } = saidByProgram(stderr, 5);
    expect(told).toBe(
      'pg_dump: error: query failed: ERROR:  permission denied for table people\n  pg_dump: detail: […]',
    );
    expect(inFull.split(canary)).toHaveLength(3);
  });
});

describe('a server’s error', () => {
  const error = (fields: object) => Object.assign(new Error(`who is ${canary}`), { severity: 'ERROR', ...fields });

  it.each([
    { name: 'raised by a function', fields: { code: 'P0001' }, told: '[…] (SQLSTATE P0001)' },
    {
      name: 'raised by a function under another’s code',
      fields: {
        code: '42501',
        where: `PL/pgSQL function f() line 1 at RAISE\nCOPY people, line 2, column a: "${canary}"`,
      },
      told: '[…] (COPY people, line 2, column a, SQLSTATE 42501)',
    },
    { name: 'of a class that looks at no row', fields: { code: '28P01', message: 'no' }, told: 'no' },
  ])('$name', ({ fields, told }) => {
    const thrown = error(fields);
    expect(messageOf(thrown)).toBe(told);
    expect(saidBy(thrown).inFull).toContain(thrown.message);
  });

  it('is passed on in both forms, and kept and sent in one', () => {
    const said = saidByServer({ message: 'division by zero', code: '22012', detail: canary, hint: canary });
    const passed = OperatorError.passingOn('RESTORE_FAILED', said, (words) => `refused: ${words}`, 'Mend it.');
    expect(passed.inFull).toBe(`refused: division by zero (${canary}) (${canary})`);
    expect(toldError(passed)).toEqual({
      code: 'RESTORE_FAILED',
      message: 'refused: division by zero',
      hint: 'Mend it.',
      exitCode: 3,
    });
  });

  it('that nobody expected leaves only where it was thrown', () => {
    const bug = error({ code: 'P0001' });
    expect(JSON.stringify([toldError(bug), stackOf(bug)])).not.toContain('canary.example');
    expect(stackOf(bug)).toMatch(/^\s+at .*server-message\.test\.ts:\d+/);
  });
});
