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

/** Tables that come back by themselves, too. */
const beside = {
  14: ['kinds', 'parted'],
  17: ['numbered', 'exclusive'],
  18: ['virtual', 'rooms', 'not_nulls', 'heir'],
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
  return { DATABASE_URL: server.url(database), BACKUP_DIR: await temporaryFolder(), BACKUP_PARALLEL_TABLE_MB: '0.001' };
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
      for (const table of Object.entries(beside).flatMap(([from, tables]) => (major >= Number(from) ? tables : []))) {
        const { stdout } = await ok(['restore', '--latest', '--table', table, '--as', `${table}_${format}`], env);
        expect(stdout).toContain('equal to what was backed up');
        await server.query(database, `DROP TABLE ${table}_${format}`);
      }
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

  it('a role that may not act as an owner is told so before anything is done, with what mends it', async () => {
    const database = await server.database('');
    const [me, owner] = [`${database}_me`, `${database}_owner`];
    await server.query(
      database,
      `CREATE ROLE ${me} LOGIN CREATEDB; CREATE ROLE ${owner}; ALTER DATABASE ${database} OWNER TO ${me};
       CREATE SCHEMA s AUTHORIZATION ${owner}; CREATE TABLE s.t AS SELECT 1 AS a; ALTER TABLE s.t OWNER TO ${owner}`,
    );
    const env = await folder(server, database);
    await ok(['backup', '--database'], env);
    const mine = { ...env, DATABASE_URL: server.url(database, me) };
    const lesser =
      major >= 16
        ? ['SELECT 1', `GRANT ${owner} TO ${me} WITH INHERIT FALSE`, `GRANT ${owner} TO ${me} WITH SET FALSE`]
        : ['SELECT 1', `GRANT ${owner} TO ${me}; ALTER ROLE ${me} NOINHERIT`];
    for (const rights of lesser) {
      await server.query('postgres', `REVOKE ${owner} FROM ${me}`);
      await server.query('postgres', rights);
      const refused = await respaldo(['restore', '--latest', '--force'], mine);
      expect(refused, refused.stderr).toMatchObject({ exitCode: 9 });
      const remedy = /TARGET_LACKS: .*\n {2}.* role "\w+_owner".*: ((?:GRANT|ALTER ROLE) .*)$/m.exec(
        refused.stderr,
      )?.[1];
      await server.query('postgres', remedy ?? refused.stderr);
      await ok(['restore', '--latest', '--force'], mine);
    }
  });

  it('no timeout that the role is set to ends what takes longer', async () => {
    const database = await server.database(`
      CREATE FUNCTION slow(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.01); RETURN true; END';
      CREATE TABLE slow (a int CHECK (slow(a)))`);
    const me = `${database}_me`;
    const timeouts = ['idle_session', 'idle_in_transaction_session', ...(major >= 17 ? ['transaction'] : [])];
    await server.query(
      database,
      `INSERT INTO slow SELECT generate_series(1, 150); CREATE ROLE ${me} LOGIN SUPERUSER;
       ${timeouts.map((name) => `ALTER ROLE ${me} SET ${name}_timeout = '1s'`).join(';')}`,
    );
    const env = { ...(await folder(server, database)), DATABASE_URL: server.url(database, me) };
    for (const format of formats) {
      await ok(['backup', '--database', '--format', format], env);
      await ok(['restore', '--latest', '--force'], env);
      if (format !== 'parallel') await ok(['restore', '--latest', '--force', '--in-place'], env);
    }
  });

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
