import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, query, serverUrl, testDatabase } from '../support/postgres.js';
import { until } from '../support/processes.js';

const hostile = `we ird"'\`\\;$(touch x) %s 'ü' -- db`;

async function ok(args: readonly string[], env: Record<string, string>) {
  const result = await respaldo(args, env);
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  return result;
}

/** A role of the test's own, dropped after it with what it owns. */
async function testRole(name: string, options = 'LOGIN'): Promise<string> {
  await query('postgres', `CREATE ROLE ${pg.escapeIdentifier(name)} ${options}`);
  onTestFinished(async () => {
    await query('postgres', `DROP ROLE IF EXISTS ${pg.escapeIdentifier(name)}`);
  });
  return name;
}

describe('hostile names', () => {
  it.each<{ args: string[] }>([{ args: [] }, { args: ['--format', 'custom'] }, { args: ['--in-place'] }])(
    'a database and tables named to break things, $args',
    async ({ args }) => {
      const inPlace = args.includes('--in-place');
      const database = await testDatabase(crmSample, hostile + Math.random());
      await database.query(`CREATE SCHEMA "Схема"; CREATE TABLE "Схема"."таблица ""x"";drop" ("стол\`бец" text, "$1" int);
      INSERT INTO "Схема"."таблица ""x"";drop" VALUES (E'\\\\.\\n\\\\!touch x', 1), ('$$', 2)`);
      const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
      const before = await contentsOf(database.name);
      await ok(['backup', '--database', ...args.filter((arg) => arg !== '--in-place')], env);
      await database.query('DROP TABLE deals CASCADE; DROP SCHEMA "Схема" CASCADE');
      await ok(['restore', '--latest', '--force', ...(inPlace ? ['--in-place'] : [])], env);
      expect(await contentsOf(database.name)).toEqual(before);
    },
  );

  it('a name as long as PostgreSQL allows, in letters of two bytes', async () => {
    const database = await testDatabase(
      crmSample,
      `${'ü'.repeat(26)}${Math.random().toString(36).slice(2, 12).padEnd(10, 'x')}`,
    );
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const before = await contentsOf(database.name);
    await ok(['backup', '--database'], env);
    const { stdout } = await ok(['restore', '--latest', '--force'], env);
    const kept = /kept as "(.*)"/.exec(stdout)?.[1] as string;
    onTestFinished(async () => {
      await query('postgres', `DROP DATABASE ${pg.escapeIdentifier(kept)}`);
    });
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await contentsOf(kept)).toEqual(before);
  });
});

describe('where a restore goes', () => {
  it('--into makes a new database and leaves the running one alone', async () => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    await ok(['backup', '--database'], env);
    const before = await contentsOf(database.name);
    await database.query('DELETE FROM deals');
    const copy = `${database.name} copy`;
    await ok(['restore', '--latest', '--into', copy], env);
    expect(await contentsOf(copy)).toEqual(before);
    expect(await database.query('SELECT FROM deals')).toEqual([]);
    const again = await respaldo(['restore', '--latest', '--into', copy], env);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain(`a database "${copy}" exists already`);
  });

  it('--in-place does not take for a difference what others write as soon as it is committed', async () => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    await ok(['backup', '--database'], env);
    const [holder, application] = [new pg.Client(database.url), new pg.Client(database.url)];
    await Promise.all([holder.connect(), application.connect()]);
    onTestFinished(async () => {
      await Promise.all([holder.end(), application.end()]);
    });
    await holder.query('BEGIN; LOCK TABLE customers IN ACCESS SHARE MODE');
    const waiting = async (name: string) => {
      const asked = "SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
      return (await query(database.name, asked, [name])).length > 0;
    };
    const run = ok(['restore', '--latest', '--force', '--in-place'], env);
    await until('the restore waits', () => waiting('respaldo psql'));
    await application.query("SET application_name = 'application'");
    const written = application.query("INSERT INTO customers (id, name) VALUES (9999, 'new')");
    await until('the application waits behind it', () => waiting('application'));
    await holder.query('COMMIT');
    await Promise.all([run, written]);
    expect(await database.query('SELECT name FROM customers WHERE id = 9999')).toEqual([{ name: 'new' }]);
  });

  it('a database that was dropped comes back under its name, as it was made', async () => {
    const database = await testDatabase();
    await query('postgres', `DROP DATABASE ${database.name}`);
    await query(
      'postgres',
      `CREATE DATABASE ${database.name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'POSIX' LC_CTYPE 'POSIX'`,
    );
    await database.query(crmSample.replaceAll('ü', 'u'));
    const properties = () =>
      query('postgres', 'SELECT encoding, datcollate, datctype, datdba FROM pg_database WHERE datname = $1', [
        database.name,
      ]);
    const made = await properties();
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const before = await contentsOf(database.name);
    await ok(['backup', '--database'], env);
    await query('postgres', `DROP DATABASE ${database.name}`);
    await ok(['restore', '--latest'], env);
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await properties()).toEqual(made);
  });

  it('keeps what stands outside of the database: owner, settings, rights, comment, connection limit', async () => {
    const database = await testDatabase(crmSample);
    const owner = await testRole(`${database.name}_owner`);
    const app = await testRole(`${database.name}_app`);
    await query(
      'postgres',
      `
      ALTER DATABASE ${database.name} OWNER TO ${owner};
      ALTER DATABASE ${database.name} SET search_path TO "My Path", public;
      ALTER DATABASE ${database.name} SET work_mem TO '77MB';
      ALTER DATABASE ${database.name} SET my.setting TO 'it''s';
      ALTER ROLE ${app} IN DATABASE ${database.name} SET statement_timeout TO '5s';
      REVOKE ALL ON DATABASE ${database.name} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${database.name} TO ${app} WITH GRANT OPTION;
      ALTER DATABASE ${database.name} CONNECTION LIMIT 42;
      COMMENT ON DATABASE ${database.name} IS 'the crm''s';
    `,
    );
    const facts = (name: string) =>
      query(
        'postgres',
        `
        SELECT pg_get_userbyid(datdba) AS owner, datconnlimit, shobj_description(d.oid, 'pg_database') AS comment,
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a) AS acl,
               (SELECT array_agg(setrole::regrole || setconfig::text ORDER BY 1) FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
        FROM pg_database d WHERE datname = $1`,
        [name],
      );
    const before = await facts(database.name);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    await ok(['backup', '--database'], env);
    const { stderr } = await ok(['restore', '--latest', '--force'], env);
    expect(stderr).not.toContain('WARNING');
    expect(await facts(database.name)).toEqual(before);
    onTestFinished(async () => {
      for (const name of await database.relatives()) {
        await query(
          'postgres',
          `ALTER DATABASE ${name} OWNER TO postgres; REVOKE ALL ON DATABASE ${name} FROM ${app}; ALTER ROLE ${app} IN DATABASE ${name} RESET ALL`,
        );
      }
    });
  });
});

describe('who restores', () => {
  it('a role without CREATEDB is told so, and can restore in place', async () => {
    const database = await testDatabase();
    const owner = await testRole(`${database.name}_owner`);
    await query('postgres', `ALTER DATABASE ${database.name} OWNER TO ${owner}`);
    const url = serverUrl(database.name, owner);
    await query(
      database.name,
      `SET ROLE ${owner}; ${crmSample}; CREATE TYPE mood AS ENUM ('a'); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM deals; CREATE DOMAIN d AS int; SELECT lo_create(99)`,
    );
    const env = { DATABASE_URL: url, BACKUP_DIR: await temporaryFolder() };
    const before = await contentsOf(database.name);
    await ok(['backup', '--database'], env);
    await database.query('DELETE FROM deals');
    const beside = await respaldo(['restore', '--latest', '--force'], env);
    expect(beside.exitCode).toBe(9);
    expect(beside.stderr).toMatch(/ERROR TARGET_LACKS: role ".*" may not create databases.*\nHINT: Use --in-place/);
    await ok(['restore', '--latest', '--force', '--in-place'], env);
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await database.query('SELECT oid FROM pg_largeobject_metadata')).toEqual([{ oid: 99 }]);
    onTestFinished(() => query('postgres', `ALTER DATABASE ${database.name} OWNER TO postgres`).then(() => undefined));
    onTestFinished(() =>
      query(database.name, `REASSIGN OWNED BY ${owner} TO postgres; DROP OWNED BY ${owner}`).then(() => undefined),
    );
  });

  it('roles and extensions that the server lacks are told before anything is done; --no-owner is the way on', async () => {
    const database = await testDatabase(crmSample);
    const gone = `${database.name}_gone`;
    await query(
      database.name,
      `CREATE ROLE ${gone}; ALTER TABLE customers OWNER TO ${gone}; GRANT SELECT ON deals TO ${gone};
      ALTER DEFAULT PRIVILEGES FOR ROLE ${gone} GRANT SELECT ON TABLES TO ${gone}`,
    );
    const folder = await temporaryFolder();
    const env = { DATABASE_URL: database.url, BACKUP_DIR: folder };
    await ok(['backup', '--database', '--with-globals'], env);
    await ok(['backup', '--database', '--format', 'custom'], env);
    const before = await contentsOf(database.name);
    await query(database.name, `REASSIGN OWNED BY ${gone} TO postgres; DROP OWNED BY ${gone}; DROP ROLE ${gone}`);
    const refused = await respaldo(['restore', '--latest', '--force'], env);
    expect(refused.exitCode).toBe(9);
    expect(refused.stderr).toMatch(
      new RegExp(`ERROR TARGET_LACKS: .*\\n  role "${gone}" does not exist\\nHINT: .*--no-owner`),
    );
    expect(await database.relatives()).toEqual([database.name]);
    for (const { id } of JSON.parse((await ok(['list', '--json'], env)).stdout)) {
      await ok(['restore', id, '--force', '--no-owner'], env);
      expect(await contentsOf(database.name)).toEqual(before);
    }
    // The roles that --with-globals stored make them again.
    const name = (await readdir(join(folder, 'database'))).find((each) => each.includes('.globals.')) as string;
    const { stdout: globals } = await execa('igzip', ['-dc', join(folder, 'database', name)]);
    expect(globals).toContain(`CREATE ROLE ${gone};`);
    expect(globals).not.toMatch(/PASSWORD/);
  });
});

describe('what is restored', () => {
  it.each(['dump.sql', 'dump.sql.gz', 'dump.sql.zst', 'dump.dump', 'dump.dump.gz'])(
    '%s of another program, with a warning that nothing vouches for it',
    async (name) => {
      const database = await testDatabase(crmSample);
      const folder = await temporaryFolder();
      const format = name.includes('.sql') ? [] : ['-Fc'];
      await execa('pg_dump', [...format, '-f', join(folder, name.replace(/\.(gz|zst)$/, '')), database.url]);
      if (name.endsWith('.gz'))
        await execa('gzip', [join(folder, 'dump.sql').replace('.sql', name.includes('.sql') ? '.sql' : '.dump')]);
      if (name.endsWith('.zst')) await execa('zstd', ['-q', '--rm', join(folder, 'dump.sql')]);
      const before = await contentsOf(database.name);
      await database.query('DELETE FROM deals');
      const { stderr } = await ok(['restore', join(folder, name), '--force'], {
        DATABASE_URL: database.url,
        BACKUP_DIR: folder,
      });
      expect(stderr).toContain(`WARNING: ${name} has no manifest: nothing vouches for its bytes`);
      expect(await contentsOf(database.name)).toEqual(before);
    },
  );

  it('a dump with psql commands is refused and runs nothing', async () => {
    const database = await testDatabase(crmSample);
    const folder = await temporaryFolder();
    const touched = join(folder, 'touched');
    for (const command of [
      `\\! touch ${touched}`,
      `SELECT 1 \\g |touch ${touched}`,
      `\\copy deals from program 'touch ${touched}'`,
      `\\o |touch ${touched}`,
    ]) {
      await writeFile(join(folder, 'bad.sql'), `CREATE TABLE a (b int);\n${command}\n;`);
      const result = await respaldo(['restore', join(folder, 'bad.sql'), '--force'], {
        DATABASE_URL: database.url,
        BACKUP_DIR: folder,
      });
      expect(result.exitCode, command).toBe(6);
      expect(result.stderr).toContain('ERROR ARCHIVE_UNSAFE: the dump has a psql command');
      expect(await readdir(folder)).toEqual(['bad.sql']);
    }
    expect(await database.relatives()).toEqual([database.name]);
  });

  it('a selection: only what was chosen, and the rows that were left out are not missed', async () => {
    const database = await testDatabase(crmSample);
    await database.query('CREATE SCHEMA other; CREATE TABLE other.x AS SELECT 1 AS a');
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    const { stdout } = await ok(
      [
        'backup',
        '--database',
        '--schema',
        'pub*',
        '--exclude-table',
        'events*',
        '--exclude-table-data',
        'customers',
        '--exclude-table-data',
        'none_such',
        '--json',
      ],
      env,
    );
    expect(JSON.parse(stdout)[0].manifest.database).toMatchObject({
      tables: [{ name: 'deals', rows: 2000 }, { name: 'customers' }],
      selection: [
        '--schema=pub*',
        '--exclude-table=events*',
        '--exclude-table-data=customers',
        '--exclude-table-data=none_such',
      ],
    });
    await database.query('ALTER TABLE deals DROP CONSTRAINT deals_customer_id_fkey');
    await ok(['backup', '--database', '--table', 'deals', '--no-compress'], env);
    const copy = `${database.name}_copy`;
    await ok(['restore', '--latest', '--into', copy], env);
    expect(Object.keys(await contentsOf(copy))).toEqual(['public.deals', 'public.deals_id_seq']);
    const nothing = await respaldo(['backup', '--database', '--table', 'none_such'], env);
    expect(nothing.exitCode).toBe(2);
    expect(nothing.stderr).toContain('no matching tables were found');
  });

  const sample = process.env.RESPALDO_SAMPLE_SQL;
  it.skipIf(!sample)(`any SQL file: ${sample}`, async () => {
    const database = await testDatabase();
    await execa('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', sample as string, database.url]);
    const plain = `${database.name}_plain`;
    await query('postgres', `CREATE DATABASE ${plain}`);
    const { stdout: dump } = await execa('pg_dump', [database.url], { maxBuffer: 2 ** 30 });
    await execa('psql', ['-q', '-v', 'ON_ERROR_STOP=1', serverUrl(plain)], { input: dump });
    for (const args of [[], ['--format', 'custom'], ['--compression', 'zstd']]) {
      const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
      await ok(['backup', '--database', ...args], env);
      const ours = `${database.name}_${args.length}_${args[1] ?? ''}`;
      await ok(['restore', '--latest', '--into', ours], env);
      expect(await contentsOf(ours)).toEqual(await contentsOf(plain));
      const dumpOf = async (name: string) =>
        (await execa('pg_dump', [serverUrl(name)], { maxBuffer: 2 ** 30 })).stdout.replace(
          /^\\(un)?restrict .*$/gm,
          '',
        );
      expect((await dumpOf(ours)) === (await dumpOf(plain))).toBe(true);
    }
  });
});
