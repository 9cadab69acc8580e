import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseManifest, serializeManifest } from '../../core/manifest.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';

/** What psql would run a program for, or write a file. */
const hostile: readonly ((touched: string) => string)[] = [
  (touched) => `\\! touch ${touched}`,
  (touched) => `SELECT 1 \\g |touch ${touched}`,
  (touched) => `SELECT 1 \\gx ${touched}`,
  (touched) => `\\copy public.deals from program 'touch ${touched}'`,
  (touched) => `\\copy public.deals to '${touched}'`,
  (touched) => `\\o |touch ${touched}`,
  (touched) => `\\w ${touched}`,
  (touched) => `\\set x \`touch ${touched}\``,
  (touched) => `/* ' */ \\! touch ${touched}`,
  (touched) => `SELECT $a$ ' $a$ \\! touch ${touched}`,
  (touched) => `COPY public.deals (note) FROM stdin;\nx\n\\.\n\\! touch ${touched}`,
];

/** A function that runs a program for whoever calls it. */
function program(run: string, rights = ''): string {
  return `CREATE FUNCTION public.run(a int) RETURNS int LANGUAGE plpgsql ${rights} AS $f$ BEGIN COPY (SELECT 1) TO PROGRAM '${run}'; RETURN a; END $f$;`;
}

const lastLine = '-- PostgreSQL database dump complete';

/** A backup whose dump can be changed so that its manifest vouches for it: by somebody who may write to the storage. */
async function scene() {
  const database = await testDatabase(crmSample);
  const folder = await temporaryFolder();
  await chmod(folder, 0o777); // whoever ran the command would be able to touch a file
  const scratch = join(folder, 'drill');
  const env = { DATABASE_URL: database.url, BACKUP_DIR: join(folder, 'backups'), BACKUP_DRILL_DIR: scratch };
  const backup = await respaldo(['backup', '--database', '--no-compress'], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  const kept = join(env.BACKUP_DIR, 'database');
  const names = await readdir(kept);
  const archive = join(kept, names.find((name) => name.endsWith('.sql')) ?? '');
  const path = join(kept, names.find((name) => name.endsWith('.manifest.json')) ?? '');
  const original = await readFile(archive, 'utf8');
  const manifest = parseManifest(await readFile(path), path);
  const forge = async (text: string) => {
    const bytes = Buffer.from(original.replace(lastLine, () => `${text}\n${lastLine}`));
    await writeFile(archive, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const files = manifest.files.map((file) => ({ ...file, bytes: bytes.length, sha256 }));
    await writeFile(path, serializeManifest({ ...manifest, files }));
  };
  return { database, env, touched: join(folder, 'touched'), forge };
}

describe('a dump that would run a program on the machine that reads it', { timeout: 600_000 }, () => {
  it.each([
    { name: 'a restore', args: ['restore', '--latest', '--force'], lines: hostile },
    { name: 'a restore in place', args: ['restore', '--latest', '--force', '--in-place'], lines: hostile.slice(0, 3) },
  ])('is refused by $name, and runs nothing', async ({ args, lines }) => {
    const { database, env, touched, forge } = await scene();
    const before = await contentsOf(database.name);
    for (const line of lines) {
      await forge(line(touched));
      const run = await respaldo(args, env);
      expect(run.exitCode, `${line(touched)}\n${run.stderr}`).toBe(6);
      expect(run.stderr).toContain('ERROR ARCHIVE_UNSAFE: ');
    }
    expect(await readdir(join(touched, '..'))).not.toContain('touched');
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await database.relatives()).toEqual([database.name]);
    await forge('');
    expect(await respaldo(args, env)).toMatchObject({ exitCode: 0 });
  });

  it.each([
    { what: 'a statement', sql: (run: string) => `COPY public.deals TO PROGRAM '${run}';` },
    { what: 'a block', sql: (run: string) => `DO $$ BEGIN COPY public.deals TO PROGRAM '${run}'; END $$;` },
    {
      what: 'a function of its own rights',
      sql: (run: string) =>
        `${program(run, 'SECURITY DEFINER')} ALTER FUNCTION public.run(int) OWNER TO postgres; SELECT public.run(1);`,
    },
    {
      what: 'a default',
      sql: (run: string) =>
        `${program(run)} CREATE TABLE public.t (a int, b int DEFAULT public.run(1)); INSERT INTO public.t (a) VALUES (1);`,
    },
    {
      what: 'a view that is compared',
      sql: (run: string) => `${program(run)} CREATE MATERIALIZED VIEW public.v AS SELECT public.run(1) AS a;`,
    },
    {
      what: 'a role that it takes',
      sql: (run: string) => `SET ROLE postgres; COPY public.deals TO PROGRAM '${run}'; RESET ROLE;`,
    },
    {
      what: 'a role that it makes',
      sql: (run: string) => `CREATE ROLE evil SUPERUSER; SET ROLE evil; COPY public.deals TO PROGRAM '${run}';`,
    },
    { what: 'a file that it reads', sql: () => "SELECT pg_read_file('/etc/passwd');" },
    { what: 'a large object of a file', sql: () => "SELECT lo_import('/etc/passwd');" },
    { what: 'a library', sql: () => "LOAD '/tmp/none.so';" },
    {
      what: 'a function in C',
      sql: () => "CREATE FUNCTION public.c() RETURNS int LANGUAGE c AS '/tmp/none.so', 'none';",
    },
  ])('runs no program and reads no file of a drill’s server: $what', async ({ sql }) => {
    const { env, touched, forge } = await scene();
    await forge(sql(`touch ${touched}`));
    const run = await respaldo(['drill'], env);
    expect(run.exitCode, run.stderr).toBe(9);
    expect(run.stderr).toMatch(
      /ERROR DRILL_NEEDS_SUPERUSER: .*(?:permission denied|must be superuser|must have|is not allowed)/s,
    );
    expect(await readdir(join(touched, '..'))).not.toContain('touched');
  });

  it('runs nothing while a drill looks at what was restored, and does all that it says where it is trusted', async () => {
    const { env, touched, forge } = await scene();
    // ANALYZE evaluates what an index is of; nothing before it does, because the table is empty until its trigger fills it.
    const later = `${program(`touch ${touched}`)}
      CREATE FUNCTION public.idx(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN
        IF current_setting('application_name') = 'respaldo drill' THEN RETURN public.run(a); END IF; RETURN a; END $f$;
      CREATE TABLE public.trap (a int); INSERT INTO public.trap VALUES (1), (2); CREATE INDEX ON public.trap (public.idx(a));`;
    await forge(later);
    const confined = await respaldo(['drill'], env);
    expect(confined.exitCode, confined.stderr).toBe(9);
    expect(confined.stderr).toMatch(/DRILL_NEEDS_SUPERUSER: .* COPY to or from an external program/);
    expect(await readdir(join(touched, '..'))).not.toContain('touched');
    await respaldo(['drill', '--as-superuser'], env);
    expect(await readdir(join(touched, '..'))).toContain('touched');
  });

  it('is refused by a drill, which notes it', async () => {
    const { env, touched, forge } = await scene();
    for (const line of hostile.slice(0, 1)) {
      await forge(line(touched));
      const run = await respaldo(['drill'], env);
      expect(run.exitCode, `${line(touched)}\n${run.stderr}`).toBe(6);
      expect(run.stderr).toContain('ERROR ARCHIVE_UNSAFE: ');
    }
    expect(await readdir(join(touched, '..'))).not.toContain('touched');
    expect((await respaldo(['list'], env)).stdout).toMatch(/ \| DRILL FAILED$/m);
    await forge('');
    expect(await respaldo(['drill'], env)).toMatchObject({ exitCode: 0 });
  });
});
