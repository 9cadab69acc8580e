import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { dumpForger } from '../support/forge.js';
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

/** A backup whose dump can be changed so that its manifest vouches for it: by somebody who may write to the storage. */
async function scene() {
  const database = await testDatabase(crmSample);
  const folder = await temporaryFolder();
  await chmod(folder, 0o777); // whoever ran the command would be able to touch a file
  const scratch = join(folder, 'drill');
  const env = { DATABASE_URL: database.url, BACKUP_DIR: join(folder, 'backups'), BACKUP_DRILL_DIR: scratch };
  const backup = await respaldo(['backup', '--database', '--no-compress', '--json'], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  const [{ id }] = JSON.parse(backup.stdout);
  const forge = await dumpForger(join(env.BACKUP_DIR, 'database', `${id}.manifest.json`));
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
