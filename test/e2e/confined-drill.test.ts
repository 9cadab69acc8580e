import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { dumpForger } from '../support/forge.js';
import { crmSample, query, testDatabase } from '../support/postgres.js';

/** Roles belong to the whole server: each test has its own, which go after its database. */
async function testRoles(count: number): Promise<string[]> {
  const names = Array.from({ length: count }, () => `role_${randomBytes(6).toString('hex')}`);
  for (const name of names) await query('postgres', `CREATE ROLE ${name}`);
  onTestFinished(async () => {
    for (const name of names) await query('postgres', `DROP ROLE ${name}`);
  });
  return names;
}

/** What a role without a superuser's rights stumbles over when it restores: who owns what, and where. */
const owned = (a: string, b: string, c: string) => `
  ${crmSample}
  CREATE SCHEMA extensions; CREATE SCHEMA maps; COMMENT ON SCHEMA extensions IS 'ours';
  CREATE EXTENSION hstore SCHEMA extensions; CREATE EXTENSION cube SCHEMA maps; CREATE EXTENSION earthdistance SCHEMA maps;
  CREATE EXTENSION postgres_fdw SCHEMA extensions; CREATE EXTENSION pg_stat_statements; CREATE EXTENSION file_fdw;
  COMMENT ON EXTENSION hstore IS 'commented by ourselves';
  GRANT SELECT ON pg_stat_statements TO ${b}; GRANT EXECUTE ON FUNCTION extensions.hstore_to_json(extensions.hstore) TO ${b};
  GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${b};
  CREATE SCHEMA app AUTHORIZATION ${a}; CREATE SCHEMA "Ours" AUTHORIZATION ${b}; GRANT USAGE ON SCHEMA app TO ${b}, ${c};
  CREATE TYPE app.state AS ENUM ('new', 'old'); ALTER TYPE app.state OWNER TO ${b};
  CREATE TABLE app.t (id serial PRIMARY KEY, tags extensions.hstore, place maps.cube, state app.state DEFAULT 'new');
  ALTER TABLE app.t OWNER TO ${b};
  INSERT INTO app.t (tags, place) SELECT 'a=>1', maps.cube(i) FROM generate_series(1, 300) i;
  CREATE INDEX ON app.t USING gist (place);
  CREATE TABLE app.u (t int REFERENCES app.t, owner name DEFAULT current_user); ALTER TABLE app.u OWNER TO ${c};
  INSERT INTO app.u SELECT 1 + i % 300, 'nobody' FROM generate_series(1, 100) i;
  ALTER TABLE app.u ENABLE ROW LEVEL SECURITY; ALTER TABLE app.u FORCE ROW LEVEL SECURITY;
  CREATE POLICY mine ON app.u TO ${a} USING (owner = current_user);
  ALTER TABLE deals OWNER TO ${a}; ALTER TABLE customers OWNER TO ${b}; ALTER VIEW big_deals OWNER TO ${c};
  CREATE TABLE frozen AS SELECT i FROM generate_series(1, 50) i; ALTER TABLE frozen OWNER TO ${c}; REVOKE ALL ON frozen FROM ${c};
  CREATE FUNCTION app.as_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = app AS 'SELECT count(*) FROM u';
  ALTER FUNCTION app.as_owner() OWNER TO ${c}; REVOKE ALL ON FUNCTION app.as_owner() FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.as_owner() TO ${a};
  CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; ALTER FUNCTION app.touch() OWNER TO ${a};
  CREATE TRIGGER touched BEFORE UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION app.touch();
  CREATE TRIGGER touched BEFORE UPDATE ON frozen FOR EACH ROW EXECUTE FUNCTION app.touch(); CREATE INDEX ON frozen (i);
  GRANT SELECT ON app.t TO postgres; ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO ${c};
  GRANT SELECT ON app.t TO ${c}; CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) FROM app.t; ALTER MATERIALIZED VIEW app.counted OWNER TO ${c};
  ALTER DEFAULT PRIVILEGES FOR ROLE ${a} IN SCHEMA app GRANT SELECT ON TABLES TO ${b};
  ALTER DEFAULT PRIVILEGES FOR ROLE ${b} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid'); ALTER SERVER far OWNER TO ${b};
  CREATE USER MAPPING FOR ${c} SERVER far OPTIONS (user 'u', password 'p'); CREATE FOREIGN TABLE app.abroad (a int) SERVER far;
  SELECT lo_from_bytea(815, 'a'), lo_from_bytea(816, 'b'); ALTER LARGE OBJECT 815 OWNER TO ${b}; GRANT SELECT ON LARGE OBJECT 815 TO ${c};
  CREATE PUBLICATION chosen FOR TABLE app.t; ALTER PUBLICATION chosen OWNER TO ${b};
  CREATE STATISTICS app.st ON id, state FROM app.t; ALTER STATISTICS app.st OWNER TO ${a};
  CREATE COLLATION app.coll FROM "C"; ALTER COLLATION app.coll OWNER TO ${c};
  CREATE TEXT SEARCH CONFIGURATION app.search (COPY = simple); ALTER TEXT SEARCH CONFIGURATION app.search OWNER TO ${b};
  CREATE AGGREGATE app.total (int) (SFUNC = int4pl, STYPE = int); ALTER AGGREGATE app.total (int) OWNER TO ${b};`;

/** Each tries to run `touch`, or to write the file itself; what the server refuses is swallowed, so that all are tried. */
const attacks: Readonly<Record<string, (file: string) => string>> = {
  program: (file) => copyTo(file),
  'program-in': (file) => `COPY public.deals (note) FROM PROGRAM 'touch ${file}'`,
  file: (file) => `COPY (SELECT 1) TO '${file}'`,
  'large-object': (file) => `PERFORM lo_from_bytea(9911, 'x'); PERFORM lo_export(9911, '${file}')`,
  'extension-function': (file) => `PERFORM pg_catalog.pg_file_write('${file}', 'x', false)`,
  definer: (file) =>
    `${evil('definer', file, 'SECURITY DEFINER')}; ALTER FUNCTION public.definer() OWNER TO postgres; PERFORM public.definer()`,
  role: (file) => `SET LOCAL ROLE postgres; ${copyTo(file)}`,
  bootstrap: (file) =>
    `EXECUTE format('SET LOCAL ROLE %I', (SELECT rolname FROM pg_roles WHERE oid = 10)); ${copyTo(file)}`,
  session: (file) =>
    `EXECUTE format('SET SESSION AUTHORIZATION %I', (SELECT rolname FROM pg_roles WHERE oid = 10)); ${copyTo(file)}`,
  'make-superuser': (file) => `EXECUTE format('ALTER ROLE %I SUPERUSER', session_user); ${copyTo(file)}`,
  'grant-programs': (file) => `EXECUTE format('GRANT pg_execute_server_program TO %I', session_user); ${copyTo(file)}`,
  catalog: (file) =>
    `UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = session_user; EXECUTE format('SET LOCAL ROLE %I', session_user); ${copyTo(file)}`,
  loopback: (file) =>
    `PERFORM public.dblink_exec(format('host=127.0.0.1 port=%s dbname=%s user=%s', current_setting('port'), current_database(), (SELECT rolname FROM pg_roles WHERE oid = 10)), ${quoted(copyTo(file))})`,
  'loopback-unchecked': (file) =>
    `PERFORM public.dblink_connect_u('loop', format('host=127.0.0.1 port=%s dbname=%s user=%s', current_setting('port'), current_database(), (SELECT rolname FROM pg_roles WHERE oid = 10))); PERFORM public.dblink_exec('loop', ${quoted(copyTo(file))})`,
  'foreign-program': (file) =>
    `CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE public.lines (line text) SERVER files OPTIONS (program 'touch ${file}'); PERFORM count(*) FROM public.lines`,
  settings: (file) =>
    `ALTER SYSTEM SET archive_command = 'touch ${file}'; PERFORM pg_reload_conf(); ALTER SYSTEM RESET archive_command`,
  'event-trigger': (file) =>
    `CREATE FUNCTION public.fired() RETURNS event_trigger LANGUAGE plpgsql AS ${quoted(`BEGIN ${copyTo(file)}; END`)}; CREATE EVENT TRIGGER fired ON ddl_command_start EXECUTE FUNCTION public.fired(); CREATE TABLE public.fires ()`,
  default: (file) =>
    `${evil('defaulted', file)}; ALTER TABLE public.customers ADD COLUMN more int DEFAULT public.defaulted(); ALTER TABLE public.customers DROP COLUMN more`,
  // Evaluated when it is built, and again by ANALYZE.
  'index-expression': (file) =>
    `${evil('indexed', file)}; CREATE FUNCTION public.innocent(bigint) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.indexed(); END'; CREATE INDEX innocent ON public.customers (public.innocent(id))`,
  // Told apart from the last: nothing evaluates it before the assertions do.
  view: (file) => `${evil('viewed', file)}; CREATE VIEW public.looked AS SELECT public.viewed() AS one`,
};

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
const copyTo = (file: string) => `EXECUTE ${quoted(`COPY (SELECT 1) TO PROGRAM ${quoted(`touch ${file}`)}`)}`;
const evil = (name: string, file: string, how = '') =>
  `CREATE FUNCTION public.${name}() RETURNS int LANGUAGE plpgsql ${how} AS ${quoted(`BEGIN ${copyTo(file)}; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 1; END`)}`;
const swallowed = (attack: string) => `DO $attack$ BEGIN ${attack}; EXCEPTION WHEN OTHERS THEN NULL; END $attack$;`;

/** A backup, and a way to add to its dump so that its manifest vouches for it; files that the server's user could touch. */
async function scene(sql: string) {
  const database = await testDatabase(sql);
  const folder = await temporaryFolder();
  await chmod(folder, 0o711);
  const touched = join(folder, 'touched');
  await mkdir(touched);
  await chmod(touched, 0o777);
  const env = {
    DATABASE_URL: database.url,
    BACKUP_DIR: join(folder, 'backups'),
    BACKUP_DRILL_DIR: join(folder, 'drill'),
  };
  const backup = await respaldo(['backup', '--database', '--no-compress', '--json'], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  const [{ id }] = JSON.parse(backup.stdout);
  const kept = join(env.BACKUP_DIR, 'database');
  const forge = await dumpForger(join(kept, `${id}.manifest.json`));
  return { env, kept, touched, forge };
}

describe('a drill whose dump is confined', { timeout: 600_000 }, () => {
  it.each([
    { format: 'plain', more: {} },
    { format: 'custom', more: {} },
    { format: 'parallel', more: { BACKUP_PARALLEL_TABLE_MB: '0' } },
  ])('proves what several roles own, in format $format', async ({ format, more }) => {
    const [a = '', b = '', c = ''] = await testRoles(3);
    const database = await testDatabase(owned(a, b, c));
    await query('postgres', `ALTER DATABASE ${database.name} OWNER TO ${a}`);
    const folder = await temporaryFolder();
    await chmod(folder, 0o711);
    const assertions = join(folder, 'assertions.sql');
    await writeFile(
      assertions,
      `SELECT NOT rolsuper AS "no superuser", NOT pg_has_role(oid, 'pg_execute_server_program', 'MEMBER') AS "no programs", NOT pg_has_role(oid, 'pg_read_server_files', 'MEMBER') AS "no files" FROM pg_roles WHERE rolname = session_user;
       SELECT count(*) = 100 AS "no row is hidden" FROM app.u;
       SELECT obj_description(oid, 'pg_extension') = 'commented by ourselves' AS "the extension is the dump's" FROM pg_extension WHERE extname = 'hstore';
       SELECT count(*) = 0 AS "no help is left" FROM pg_event_trigger;
       SELECT has_schema_privilege('${c}', 'app', 'USAGE') AS "granted", NOT has_schema_privilege('${c}', 'app', 'CREATE') AS "no more in app",
              NOT has_schema_privilege('${a}', 'Ours', 'USAGE') AS "nothing in another one's", NOT has_schema_privilege('${c}', 'maps', 'USAGE') AS "nor in that of an extension",
              has_schema_privilege('${c}', 'public', 'CREATE') = (current_setting('server_version_num')::int < 150000) AS "as ever in public",
              has_database_privilege('${a}', current_database(), 'CREATE') AS "its owner may create", NOT has_database_privilege('${c}', current_database(), 'CREATE') AS "others may not",
              has_foreign_data_wrapper_privilege('${b}', 'postgres_fdw', 'USAGE') AS "may use it", NOT has_foreign_data_wrapper_privilege('${c}', 'postgres_fdw', 'USAGE') AS "may not",
              has_function_privilege('${a}', 'app.as_owner()', 'EXECUTE') AS "may run it", NOT has_function_privilege('${b}', 'app.as_owner()', 'EXECUTE') AS "may not run it",
              NOT has_table_privilege('${c}', 'frozen', 'SELECT') AS "gave it up", has_table_privilege('${b}', 'pg_stat_statements', 'SELECT') AS "may see statistics"`,
    );
    const env = { DATABASE_URL: database.url, BACKUP_DIR: folder, BACKUP_DRILL_DIR: join(folder, 'drill'), ...more };
    const backup = await respaldo(['backup', '--database', '--format', format], env);
    expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
    const drill = await respaldo(['drill', '--json', '--sql', assertions], env);
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(drill.stdout)).toMatchObject({ passed: true, compared: { assertions: 5, largeObjects: 2 } });
  });

  it('runs nothing of a hostile dump, which a superuser would have run', async () => {
    // Gone with PostgreSQL 17.
    const available = await query('postgres', "SELECT FROM pg_available_extensions WHERE name = 'adminpack'");
    const extensions = ['dblink', 'file_fdw', ...(available.length > 0 ? ['adminpack'] : [])];
    const { env, touched, forge } = await scene(
      `${crmSample}; ${extensions.map((name) => `CREATE EXTENSION ${name}`).join(';')}`,
    );
    const assertions = join(touched, '..', 'assertions.sql');
    await writeFile(assertions, 'SELECT one = 1 AS fine FROM public.looked');
    await forge(
      Object.entries(attacks)
        .map(([name, attack]) => swallowed(attack(join(touched, name))))
        .join('\n'),
    );
    const confined = await respaldo(['drill', '--sql', assertions], env);
    expect(await readdir(touched)).toEqual([]);
    // It got to the end, and what was added is told.
    expect(confined).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('COMPARISON_DIFFERS') });
    expect(confined.stderr).toMatch(/function .*innocent/);

    await respaldo(['drill', '--sql', assertions, '--as-superuser'], env);
    // The others ask for passwords that nobody knows, or cannot stand in a block.
    // Nor do sessions of a superuser fire event triggers, where they can do without.
    const [server] = await query<{ major: number }>(
      'postgres',
      "SELECT current_setting('server_version_num')::int / 10000 AS major",
    );
    const notThere = [
      ...(available.length > 0 ? [] : ['extension-function']),
      ...((server?.major ?? 0) >= 17 ? ['event-trigger'] : []),
    ];
    const needNone = ['loopback', 'loopback-unchecked', 'settings', ...notThere];
    expect((await readdir(touched)).sort()).toEqual(
      Object.keys(attacks)
        .filter((name) => !needNone.includes(name))
        .sort(),
    );
  });

  it('says what to do where a dump needs a superuser, and does not hold it against the backup', async () => {
    const { env, kept, touched, forge } = await scene(crmSample);
    const needing = [
      `COPY (SELECT 1) TO PROGRAM 'touch ${touched}/program';`,
      "SELECT pg_read_file('/etc/passwd');",
      "SELECT lo_import('/etc/passwd');",
      'CREATE EXTENSION file_fdw SCHEMA public;',
      "CREATE FUNCTION public.run(cstring) RETURNS int LANGUAGE c AS 'libc.so.6', 'system';",
      'CREATE PUBLICATION everything FOR ALL TABLES;',
      "CREATE SUBSCRIPTION others CONNECTION 'host=nowhere.invalid' PUBLICATION p WITH (connect = false);",
      "CREATE FUNCTION public.fired() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER fired ON ddl_command_start EXECUTE FUNCTION public.fired();",
    ];
    for (const statement of needing) {
      await forge(statement);
      const drill = await respaldo(['drill'], env);
      expect(drill.stderr, statement).toMatch(/^ERROR DRILL_NEEDS_SUPERUSER: .*\n.*HINT: .*--as-superuser/ms);
      expect(drill.exitCode).toBe(9);
      expect(await readdir(kept)).toHaveLength(2);
    }
    expect(await readdir(touched)).toEqual([]);
    // The last of them, by those who trust it.
    const trusted = await respaldo(['drill'], { ...env, BACKUP_DRILL_AS_SUPERUSER: 'true' });
    expect(trusted.stderr).toMatch(/COMPARISON_DIFFERS: .*function .*fired/s);
  });
});
