import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { parseManifest, serializeManifest } from '../../core/manifest.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { type MajorServer, majors, serverOf } from '../support/majors.js';
import { contentsOf } from '../support/postgres.js';

const id = pg.escapeIdentifier;

/** As on RDS: the database is the master user's, who is no superuser, and what is in it the application's. */
async function shop(server: MajorServer, major: number) {
  const mark = randomBytes(4).toString('hex');
  const [app, other, master] = [`a"p$p ü '${mark}`, `other_${mark}`, `master_${mark}`];
  const database = await server.database('');
  // Before 15, everybody may create in public, and who owns the database has no say in it.
  const ofPublic = (words: string, role: string) => (major < 15 ? '' : `${words} ${id(role)}`);
  await server.query(
    database,
    `CREATE ROLE ${id(app)}; CREATE ROLE ${other}; CREATE ROLE ${master} LOGIN CREATEDB IN ROLE ${id(app)}, ${other}, pg_read_all_data;
     ALTER DATABASE ${database} OWNER TO ${master};
     CREATE SCHEMA shared AUTHORIZATION ${master}; GRANT CREATE, USAGE ON SCHEMA shared TO ${id(app)};
     CREATE SCHEMA closed AUTHORIZATION ${master}; GRANT USAGE ON SCHEMA closed TO ${id(app)};
     CREATE SCHEMA own AUTHORIZATION ${id(app)};
     GRANT CREATE ON SCHEMA shared, closed TO ${other}; ${ofPublic('GRANT CREATE ON SCHEMA public TO', app)}; ${ofPublic('GRANT CREATE ON SCHEMA public TO', other)};
     SET ROLE ${id(app)};
     CREATE TABLE orders (id serial PRIMARY KEY, note text); INSERT INTO orders (note) SELECT 'n' || i FROM generate_series(1, 100) i;
     CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE shared.kinds AS SELECT 1 AS id; CREATE TABLE own.notes AS SELECT 2 AS id;
     SET ROLE ${other};
     CREATE TABLE public.others AS SELECT 3 AS id; CREATE TABLE closed.others AS SELECT 4 AS id;
     RESET ROLE; REVOKE CREATE ON SCHEMA closed FROM ${other}; ${ofPublic('REVOKE CREATE ON SCHEMA public FROM', other)}`,
  );
  // An extension's parts belong to a superuser; whose they are, a dump does not tell. Not every server has one to try.
  const [hstore] = await server.query(database, "SELECT FROM pg_available_extensions WHERE name = 'hstore'");
  if (hstore) await server.query(database, 'CREATE EXTENSION hstore');
  const folder = await temporaryFolder();
  return { database, folder, env: { DATABASE_URL: server.url(database, master), BACKUP_DIR: folder } };
}

describe.each(majors)('a restore by a role that is no superuser, into PostgreSQL $major', ({ major, directory }) => {
  const server = serverOf(directory);

  /** All definitions, owners and rights; only pg_dump's random words left out. */
  async function definitions(database: string): Promise<string> {
    const { stdout } = await execa(join(directory, 'pg_dump'), ['--schema-only', `--dbname=${server.url(database)}`]);
    return stdout.replace(/^\\(?:un)?restrict .*$/gm, '');
  }

  it.each([
    { args: ['--format', 'plain'] },
    { args: ['--format', 'custom'] },
    { args: ['--format', 'parallel'] },
    { args: ['--format', 'plain'], inPlace: true },
    { args: ['--format', 'custom'], inPlace: true },
  ])(
    'gives everything to its owners, and nobody more rights than before, $args $inPlace',
    async ({ args, inPlace }) => {
      const { database, env } = await shop(server, major);
      const backup = await respaldo(['backup', '--database', ...args], env);
      expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
      const before = { contents: await contentsOf(database, server.query), definitions: await definitions(database) };
      await server.query(database, 'DELETE FROM orders; DROP SCHEMA closed CASCADE');
      const into = inPlace ? database : `${database}_restored`;
      const how = inPlace ? ['--in-place'] : ['--into', into];
      const restore = await respaldo(['restore', '--latest', '--force', ...how], env);
      expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
      expect(await contentsOf(into, server.query)).toEqual(before.contents);
      expect(await definitions(into)).toBe(before.definitions);
    },
  );

  it('tells whose rights stay, where the backup does not know what they were', async () => {
    const { database, folder, env } = await shop(server, major);
    await respaldo(['backup', '--database'], env);
    const [name = ''] = (await readdir(join(folder, 'database'))).filter((each) => each.endsWith('.manifest.json'));
    const path = join(folder, 'database', name);
    const manifest = parseManifest(await readFile(path), name);
    delete manifest.database?.creators;
    await writeFile(path, serializeManifest(manifest));
    const restore = await respaldo(['restore', '--latest', '--force', '--into', `${database}_restored`], env);
    expect(restore, restore.stderr).toMatchObject({ exitCode: 0 });
    expect(restore.stderr).toMatch(/WARNING: .*other_\w+ may now create in the schemas that they own something in/);
  });
});
