import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlGuard } from '../../../container/postgres/sql-guard.js';

const asIs = { withoutOwners: false, insideTransaction: false };

/** What comes out of the guard when the text comes in pieces of so many bytes. */
function guard(sql: string, pieces = 65_536, options = asIs): Promise<string> {
  const bytes = Buffer.from(sql);
  const chunks = Array.from({ length: Math.ceil(bytes.length / pieces) }, (_, index) =>
    bytes.subarray(index * pieces, (index + 1) * pieces),
  );
  const guarded = Readable.from(chunks).pipe(new SqlGuard(options));
  return buffer(guarded).then(String);
}

const sizes = [1, 2, 3, 7, 65_536];

describe('what runs nothing passes, byte for byte, however it is cut', () => {
  it.each([
    ['a string', String.raw`SELECT '\! touch x', 'C:\', 'it''s \copy';`],
    ['an escape string', String.raw`SELECT E'\\', E'\'\! touch x', e'a''\! b';`],
    ['an identifier', String.raw`SELECT 1 AS "\! touch x", 2 AS "a""\!";`],
    ['a dollar string', String.raw`SELECT $$\! touch x$$, $a$ $$ \! $b$ \! $a$;`],
    ['a line comment', `SELECT 1; -- \\! touch x\nSELECT 2;`],
    ['a block comment in another', String.raw`/* \! /* \copy */ \! */ SELECT 1;`],
    ['rows of a table', 'COPY t FROM stdin;\n\\\\! touch x\t\\N\n\\\\.\n\\.\nSELECT 1;\n'],
    ['rows that look like SQL', 'COPY "a\'b" (c) FROM stdin;\n\'; \\\\! touch x\n$$\n/*\n\\.\nSELECT 1;\n'],
    [
      'a routine of several statements',
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n',
    ],
    [
      'backslashes where strings escape by themselves',
      String.raw`SET standard_conforming_strings = off; SELECT 'a\'\! b', 'c\\';`,
    ],
    [
      'backslashes where pg_dump says that they are plain',
      String.raw`SET standard_conforming_strings = on; SELECT 'C:\';`,
    ],
    ['a rule in parentheses', 'CREATE RULE r AS ON INSERT TO t DO INSTEAD (SELECT 1; SELECT 2);'],
  ])('%s', async (_, sql) => {
    for (const size of sizes) expect(await guard(sql, size)).toBe(sql);
  });

  it('anything in a string, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const sql = `SELECT '${text.replaceAll("'", "''")}', "${text.replaceAll('"', '""')}x";`;
        expect(await guard(sql, size)).toBe(sql);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a psql command is refused, however it is cut', () => {
  it.each([
    ['alone', String.raw`\! touch x`],
    ['behind a statement', String.raw`SELECT 1; \! touch x`],
    ['in the midst of one', 'SELECT 1\n\\g |touch x\n;'],
    ['at the end of one', String.raw`SELECT 1 \g |touch x`],
    ['behind a comment', '/* a /* b */ c */ \\! touch x\n'],
    ['behind a comment’s line', '-- a\n\\! touch x\n'],
    ['behind a string that ends in a backslash', String.raw`SELECT 'C:\'; \! touch x`],
    ['behind an escape string', String.raw`SELECT E'\\'; \! touch x`],
    ['behind a dollar string', String.raw`SELECT $a$ $b$ $a$; \! touch x`],
    ['behind what only looks like a dollar string', String.raw`SELECT a$b$c; \! touch x --$b$`],
    ['behind the rows of a table', 'COPY t FROM stdin;\n1\n\\.\n\\! touch x\n'],
    ['behind rows that never began', "COPY t FROM '/file';\n\\! touch x\n\\.\n"],
    [
      'in strings that do not escape for us but would for psql',
      "SET standard_conforming_strings = off;\nSELECT 'a\\''; \\! touch x\n--'",
    ],
    ['to copy from a program', String.raw`\copy t from program 'touch x'`],
    ['to write through a pipe', String.raw`\o |touch x`],
    ['to set a variable from a program', '\\set a `touch x`\n'],
    ['to read another file', String.raw`\i /etc/passwd`],
    ['to connect elsewhere', String.raw`\connect other`],
    ['to end the restriction with something else behind', String.raw`\unrestrict abc \! touch x`],
  ])('%s', async (_, sql) => {
    for (const size of sizes) {
      await expect(guard(sql, size)).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE', exitCode: 6 });
    }
  });

  it('but for pg_dump’s own pair, which is left out', async () => {
    for (const size of sizes) {
      expect(await guard('\\restrict abcDEF123\nSELECT 1;\n\\unrestrict abcDEF123\n', size)).toBe('SELECT 1;\n');
    }
  });
});

describe('a dump that was cut short is refused', () => {
  it.each([
    ['in a statement', 'SELECT 1; SELECT'],
    ['in a string', "SELECT 'a"],
    ['in a dollar string', 'SELECT $a$ b $b$'],
    ['in a comment', 'SELECT 1; /* a'],
    ['in the rows of a table', 'COPY t FROM stdin;\n1\n2\n'],
    ['before pg_dump’s last line', '--\n-- PostgreSQL database dump\n--\nSELECT 1;\n'],
  ])('%s', async (_, sql) => {
    for (const size of sizes) await expect(guard(sql, size)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' });
  });
});

describe('what may be left out', () => {
  it('owners and rights', async () => {
    const sql = `CREATE TABLE "OWNER TO" (a int);\nALTER TABLE t OWNER TO someone;\nGRANT SELECT ON t TO x;\nALTER TABLE t ADD b text DEFAULT ' OWNER TO x';\nREVOKE ALL ON t FROM y;\nALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO z;\n`;
    for (const size of sizes) {
      const left = await guard(sql, size, { ...asIs, withoutOwners: true });
      expect(left.split('\n').filter(Boolean)).toEqual([
        'CREATE TABLE "OWNER TO" (a int);',
        "ALTER TABLE t ADD b text DEFAULT ' OWNER TO x';",
      ]);
    }
  });

  it('together with the comment before it, wherever that was cut', async () => {
    const sql =
      '/* rights; of x */ GRANT SELECT ON t TO x; CREATE TABLE a (b int);\n-- owner\nALTER TABLE a OWNER TO x;\n-- the end';
    for (let size = 1; size <= sql.length; size += 1) {
      const left = await guard(sql, size, { ...asIs, withoutOwners: true });
      expect(left, `${size} bytes`).toBe(' CREATE TABLE a (b int);\n-- the end');
    }
  });

  it('a transaction’s own ends, where one spans everything; what would break it is refused', async () => {
    const inside = { ...asIs, insideTransaction: true };
    for (const size of sizes) {
      expect((await guard('BEGIN;\nSELECT 1;\nCOMMIT;\n', size, inside)).trim()).toBe('SELECT 1;');
      await expect(guard('SELECT 1; ROLLBACK;', size, inside)).rejects.toMatchObject({ code: 'ARCHIVE_UNSAFE' });
    }
  });

  it('comments on extensions, where one transaction spans everything, and no others', async () => {
    const sql =
      "COMMENT ON EXTENSION hstore IS 'x';\nCOMMENT ON TABLE \"on extension\" IS 'COMMENT ON EXTENSION y;';\n";
    for (const size of sizes) {
      const left = await guard(sql, size, { ...asIs, insideTransaction: true });
      expect(left.trim()).toBe(`COMMENT ON TABLE "on extension" IS 'COMMENT ON EXTENSION y;';`);
      expect(await guard(sql, size, asIs)).toBe(sql);
    }
  });
});
