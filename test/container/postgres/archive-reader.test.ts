import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { ArchiveReader } from '../../../container/postgres/archive-reader.js';
import { copyTarget, keyOf } from '../../../container/postgres/copy-target.js';
import { TextRows } from '../../../container/postgres/text-rows.js';
import { majors, serverOf } from '../../support/majors.js';

const sql = `
  CREATE TABLE people (id serial PRIMARY KEY, name text); INSERT INTO people (name) SELECT E'a\\tb\\\\.\\nc' || i FROM generate_series(1, 300) i;
  CREATE TABLE "no ""rows""" (id int); CREATE TABLE bare (); INSERT INTO bare SELECT FROM generate_series(1, 4);
  CREATE TABLE wide (line text); INSERT INTO wide SELECT repeat('x', 200000); INSERT INTO wide VALUES ('\\.'), ('');
  CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$SELECT 'PGDMP'$_$; CREATE VIEW v AS SELECT * FROM people;
  CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM people;
  SELECT lo_from_bytea(0, convert_to(repeat('large', 3000), 'UTF8')), lo_from_bytea(0, ''), lo_from_bytea(0, '\\x5c2e0a');`;
const names = ['people', 'no "rows"', 'bare', 'wide'];

/** What a reader finds, given the archive in pieces of the given sizes. */
function read(archive: Buffer, sizes: readonly number[] = [archive.length]) {
  const found = new Map<string, { rows: number; sum: bigint }>();
  const reader = new ArchiveReader(new TextRows(true), (statement, taken) => {
    const target = copyTarget(statement);
    if (target) found.set(keyOf(target), taken);
  });
  for (let at = 0, piece = 0; at < archive.length; piece += 1) {
    const bytes = Buffer.from(archive.subarray(at, at + (sizes[piece % sizes.length] ?? 1)));
    reader.write(bytes);
    at += bytes.length;
    bytes.fill(0xff); // its room is filled anew
  }
  reader.end();
  return found;
}

describe.each(majors)('an archive of PostgreSQL $major', ({ directory }) => {
  const server = serverOf(directory);
  let archive: Buffer;
  let expected: Map<string, { rows: number; sum: bigint }>;

  beforeAll(async () => {
    const database = await server.database(sql);
    const run = (program: string, args: readonly string[]) =>
      execFileSync(join(directory, program), [...args, `--dbname=${server.url(database)}`]);
    archive = run('pg_dump', ['--format=custom', '--compress=0']);
    const { h64Raw } = await xxhash();
    expected = new Map(
      names.map((name) => {
        const table = `public."${name.replaceAll('"', '""')}"`;
        const lines = run('psql', ['--no-psqlrc', '--command', `COPY ${table} TO STDOUT`])
          .toString()
          .split('\n');
        const rows = lines.slice(0, -1).map((line) => h64Raw(Buffer.from(`${line}\n`)));
        const sum = BigInt.asUintN(
          64,
          rows.reduce((total, hash) => total + hash, 0n),
        );
        const key = keyOf({ schema: Buffer.from('public').toString('hex'), name: Buffer.from(name).toString('hex') });
        return [key, { rows: rows.length, sum }];
      }),
    );
  });

  it('has the rows that the server has, however its bytes are cut', () => {
    expect(read(archive)).toEqual(expected);
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 90_000 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(sizes, (pieces) => {
        expect(read(archive, pieces)).toEqual(expected);
      }),
      { numRuns: 30, seed: 20_261_127 },
    );
  });

  it('is not whole where it is cut, wherever that is', () => {
    for (let length = 0; length < archive.length; length += length < 40_000 ? 13 : 1_009)
      expect(() => read(archive.subarray(0, length)), `${length} bytes`).toThrow(/^the archive ends /);
    expect(() => read(archive.subarray(0, -1))).toThrow('the archive ends within its data');
  });

  it('is not whole where it is cut between two tables', () => {
    const reader = new ArchiveReader();
    const missing: number[] = [];
    for (const byte of archive) {
      reader.write(Buffer.from([byte]));
      try {
        reader.end();
      } catch (error) {
        const found = /^the archive ends before the data of (\d+) of its \d+ entries$/.exec((error as Error).message);
        if (found) missing.push(Number(found[1]));
      }
    }
    // Once behind its table of contents, and once behind each block but the last.
    expect(missing.length).toBeGreaterThanOrEqual(names.length);
    expect(missing).toEqual(missing.map((_, index) => missing.length - index));
  });

  it.each([
    { what: 'a version that nobody knows', at: 6, value: 99, says: /version 1\.99, of which nothing is known here/ },
    { what: 'another kind', at: 10, value: 3, says: /an archive of another kind \(4, 8, 3\)/ },
    { what: 'something else', at: 0, value: 0x2d, says: /something that is no archive/ },
  ])('is refused where its header tells of $what', ({ at, value, says }) => {
    const changed = Buffer.from(archive);
    changed[at] = value;
    expect(() => read(changed)).toThrow(says);
  });

  it('is refused where data comes that nothing is known of, or comes twice', () => {
    const block = Buffer.from([1, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0]);
    expect(() => read(Buffer.concat([archive, block]))).toThrow(/has data of entry 65535/);
  });
});
