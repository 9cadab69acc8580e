import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { type MajorServer, majors, serverOf } from '../support/majors.js';
import { contentsOf } from '../support/postgres.js';
import { torture } from '../support/torture.js';

const formats = ['plain', 'custom', 'parallel'];

/** What only servers from a major on have. */
const since: Readonly<Record<number, string>> = {
  16: `CREATE COLLATION ruled (provider = icu, locale = 'de', rules = '&z < ä'); CREATE TABLE collated (a text COLLATE ruled PRIMARY KEY); INSERT INTO collated VALUES ('ä'), ('z'), ('a');
       CREATE TABLE distinct_nulls (a int, UNIQUE NULLS NOT DISTINCT (a)); INSERT INTO distinct_nulls VALUES (NULL), (1);`,
  17: `CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
       CREATE TABLE numbered_1 PARTITION OF numbered FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE TABLE numbered_2 PARTITION OF numbered DEFAULT;
       INSERT INTO numbered (at) SELECT date '2020-06-01' + i FROM generate_series(1, 500) i;
       CREATE TABLE exclusive (k int4range, during tsrange, EXCLUDE USING gist (k WITH =, during WITH &&)) PARTITION BY LIST (k);
       CREATE TABLE exclusive_1 PARTITION OF exclusive DEFAULT; INSERT INTO exclusive VALUES ('[1,2)', '[2020-01-01, 2020-01-02)');
       CREATE ROLE maintainer; GRANT MAINTAIN ON kinds TO maintainer; ALTER DEFAULT PRIVILEGES GRANT MAINTAIN ON TABLES TO maintainer;
       CREATE TABLE builtin (a text COLLATE pg_c_utf8 PRIMARY KEY, i interval); INSERT INTO builtin VALUES ('É', 'infinity'), ('e', '-infinity');`,
  18: `CREATE TABLE virtual (a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL, CHECK (v < 10000)); INSERT INTO virtual SELECT generate_series(1, 500);
       CREATE TABLE only_virtual (v int GENERATED ALWAYS AS (1) VIRTUAL); INSERT INTO only_virtual DEFAULT VALUES;
       CREATE TABLE rooms (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
       CREATE TABLE bookings (room int4range, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD during));
       INSERT INTO rooms VALUES ('[1,2)', '[2020-01-01,2020-06-01)'), ('[1,2)', '[2020-06-01,2021-01-01)'); INSERT INTO bookings VALUES ('[1,2)', '[2020-03-01,2020-09-01)');
       CREATE TABLE unenforced (a int, CONSTRAINT ne CHECK (a > 100) NOT ENFORCED); INSERT INTO unenforced VALUES (1);
       CREATE TABLE not_nulls (a int, b int CONSTRAINT "Named" NOT NULL); INSERT INTO not_nulls VALUES (NULL, 1); ALTER TABLE not_nulls ADD CONSTRAINT nv NOT NULL a NOT VALID;
       CREATE TABLE heir (own int, NOT NULL id) INHERITS (parent); INSERT INTO heir VALUES (1, 'heir', 2);`,
};

/** Databases whose rows another provider would not take back: text in a range, and case beyond ASCII. */
const inRange = `CREATE TABLE parted (a text) PARTITION BY RANGE (a); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('a') TO ('c'); INSERT INTO parted VALUES ('B')`;
const providers = [
  { from: 15, options: "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'", sql: inRange },
  {
    from: 16,
    options: "LOCALE_PROVIDER icu ICU_LOCALE 'en' ICU_RULES '&a < z < b'",
    sql: inRange.replace("'B'", "'z'"),
  },
  {
    from: 17,
    options: "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'",
    sql: "CREATE TABLE folded (a text CHECK (lower(a) = 'é')); INSERT INTO folded VALUES ('É')",
  },
];

async function ok(args: readonly string[], env: Record<string, string>) {
  const result = await respaldo(args, env);
  expect(result, `${args.join(' ')}: ${result.stderr}`).toMatchObject({ exitCode: 0 });
  return result;
}

async function folder(server: MajorServer, database: string): Promise<Record<string, string>> {
  return { DATABASE_URL: server.url(database), BACKUP_DIR: await temporaryFolder(), BACKUP_PARALLEL_TABLE_MB: '0.01' };
}

describe.each(majors)('PostgreSQL $major', { timeout: 300_000 }, ({ major, directory }) => {
  const server = serverOf(directory);
  const upTo = () => Object.entries(since).flatMap(([from, sql]) => (major >= Number(from) ? [sql] : []));

  it('brings all that it knows back: beside, in place, in drills', async () => {
    const database = await server.database(torture + upTo().join('\n'));
    const env = await folder(server, database);
    const before = await contentsOf(database, server.query);
    for (const format of formats) {
      await ok(['backup', '--database', '--format', format, '--with-globals'], env);
      await ok(['drill'], env);
      await server.query(database, 'TRUNCATE kinds, no_binary, indexed');
      await ok(['restore', '--latest', '--force', ...(format === 'custom' ? ['--in-place'] : [])], env);
      expect(await contentsOf(database, server.query), format).toEqual(before);
    }
  });

  it.each(providers.filter(({ from }) => major >= from))(
    'a database that is gone comes back with its own way to sort: $options',
    async ({ options, sql }) => {
      const database = await server.database(sql, options);
      const made = () =>
        server.query(
          'postgres',
          `SELECT to_jsonb(d) - ARRAY['oid', 'datfrozenxid', 'datminmxid'] AS row FROM pg_database d WHERE datname = $1`,
          [database],
        );
      const [before, properties] = [await contentsOf(database, server.query), await made()];
      const env = await folder(server, database);
      await ok(['backup', '--database', '--format', 'parallel'], env);
      await ok(['drill'], env);
      await server.query('postgres', `DROP DATABASE ${database}`);
      await ok(['restore', '--latest'], env);
      expect(await contentsOf(database, server.query)).toEqual(before);
      expect(await made()).toEqual(properties);
    },
  );

  it.skipIf(major < 17)('a trigger that notes each login does not make a restore differ', async () => {
    const database = await server.database(`
      CREATE TABLE logins (who text); CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO public.logins VALUES (session_user); END';
      CREATE EVENT TRIGGER note ON login EXECUTE FUNCTION note(); ALTER EVENT TRIGGER note ENABLE ALWAYS`);
    const env = await folder(server, database);
    for (const format of formats) {
      await ok(['backup', '--database', '--format', format], env);
      await ok(['drill', '--as-superuser'], env);
      await ok(['restore', '--latest', '--force'], env);
      if (format !== 'parallel') await ok(['restore', '--latest', '--force', '--in-place'], env);
    }
  });
});
