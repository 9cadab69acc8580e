import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { respaldo, untilNamesArePast } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, query, serverUrl, testDatabase } from '../support/postgres.js';
import { torture } from '../support/torture.js';

/** Every table is taken over, in parts of a few pages. */
const tiny = { BACKUP_PARALLEL_TABLE_MB: '0', BACKUP_PARALLEL_PART_MB: '0.05' };

async function ok(args: readonly string[], env: Record<string, string>) {
  const result = await respaldo(args, env);
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  return result;
}

async function schemaOf(database: string): Promise<string> {
  const { stdout } = await execa('pg_dump', ['--schema-only', serverUrl(database)], { maxBuffer: 2 ** 28 });
  return stdout.replace(/^\\(un)?restrict .*$/gm, '');
}

/** What plain pg_dump and psql make of a database: what every other way has to equal. */
async function plainCopy(name: string): Promise<string> {
  const copy = `${name}_plain`;
  await query('postgres', `CREATE DATABASE ${copy}`);
  const { stdout: dump } = await execa('pg_dump', [serverUrl(name)], { maxBuffer: 2 ** 28 });
  await execa('psql', ['-q', '-v', 'ON_ERROR_STOP=1', serverUrl(copy)], { input: dump });
  return copy;
}

describe('a parallel dump', () => {
  it.each([
    { name: 'the torture schema, every table in parts', sql: torture, env: tiny },
    { name: 'the torture schema, as it is by default', sql: torture, env: {} },
    { name: 'a small CRM in parts, by five workers', sql: crmSample, env: tiny, args: ['--jobs', '5'] },
  ])('comes back as pg_dump would have it: $name', async ({ sql, env: more, args = [] }) => {
    const database = await testDatabase(sql);
    const plain = await plainCopy(database.name);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), ...more };
    await ok(['backup', '--database', '--format', 'parallel', ...args], env);
    await ok(['verify'], env);
    const copy = `${database.name}_copy`;
    await ok(['restore', '--latest', '--into', copy, ...args], env);
    expect(await schemaOf(copy)).toBe(await schemaOf(plain));
    expect(await contentsOf(copy)).toEqual(await contentsOf(plain));
    expect(
      await query(copy, 'SELECT loid, md5(string_agg(data, NULL ORDER BY pageno)) FROM pg_largeobject GROUP BY 1'),
    ).toEqual(
      await query(plain, 'SELECT loid, md5(string_agg(data, NULL ORDER BY pageno)) FROM pg_largeobject GROUP BY 1'),
    );
  });

  it('is listed, checked, swapped in, verified and cleaned up like any other', async () => {
    const database = await testDatabase(crmSample);
    const folder = await temporaryFolder();
    const env = { DATABASE_URL: database.url, BACKUP_DIR: folder, ...tiny };
    const before = await contentsOf(database.name);
    const { stdout } = await ok(['backup', '--database', '--format', 'parallel', '--with-globals', '--json'], env);
    const [{ manifest }] = JSON.parse(stdout);
    expect(manifest.database.tables).toContainEqual(
      expect.objectContaining({ schema: 'public', name: 'deals', rows: 2000 }),
    );
    expect(manifest.files.filter(({ role }: { role: string }) => role === 'part').length).toBeGreaterThan(10);
    expect((await ok(['list'], env)).stdout).toMatch(/^DATABASE \| .* MB \| db_backup_\d{8}_\d{6}\/$/m);
    await database.query('DELETE FROM deals');
    await ok(['restore', '--latest', '--force'], env);
    expect(await contentsOf(database.name)).toEqual(before);
    await database.query('DELETE FROM deals');
    await ok(['restore', join(folder, 'database', manifest.id), '--force'], env);
    expect(await contentsOf(database.name)).toEqual(before);
    await ok(['check'], env);

    await ok(['backup', '--database'], env);
    await untilNamesArePast();
    await ok(['cleanup', '--force'], { ...env, BACKUP_RETENTION_DAYS: '0' });
    expect(await readdir(join(folder, 'database'))).toHaveLength(2);
  });

  it('carries a script that restores it with psql, pg_restore and zstd alone, and that sees damage', async () => {
    const database = await testDatabase(torture);
    const plain = await plainCopy(database.name);
    const folder = await temporaryFolder();
    await ok(['backup', '--database', '--format', 'parallel'], {
      DATABASE_URL: database.url,
      BACKUP_DIR: folder,
      ...tiny,
    });
    const [name] = (await readdir(join(folder, 'database'))).filter((each) => !each.endsWith('.json'));
    const backup = join(folder, 'database', name as string);
    const copy = `${database.name} it's a "copy"`;
    const run = async (extra: Record<string, string> = {}) => {
      await query('postgres', `DROP DATABASE IF EXISTS "${copy.replaceAll('"', '""')}"`);
      await query('postgres', `CREATE DATABASE "${copy.replaceAll('"', '""')}"`);
      const { port, hostname } = new URL(database.url);
      const env = { PGHOST: hostname, PGPORT: port, PGUSER: 'postgres', ...extra };
      return execa('sh', [join(backup, 'restore.sh'), copy], { env, reject: false });
    };
    const result = await run();
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await schemaOf(copy)).toBe(await schemaOf(plain));
    expect(await contentsOf(copy)).toEqual(await contentsOf(plain));

    const part = join(
      backup,
      'data',
      (await readdir(join(backup, 'data'))).find((each) => each.startsWith('kinds')) as string,
    );
    const whole = await readFile(part);
    await writeFile(part, whole.subarray(0, whole.length - 20));
    expect((await run()).stderr).toMatch(/kinds.*FAILED|computed checksum did NOT match/s);
    // Without sha256sum the programs themselves have to notice.
    const bin = await temporaryFolder();
    for (const program of [
      'sh',
      'cat',
      'dirname',
      'mktemp',
      'rm',
      'sed',
      'zstd',
      'psql',
      'pg_restore',
      'perl',
      'env',
    ]) {
      const { stdout: path, exitCode } = await execa('which', [program], { reject: false });
      if (exitCode === 0) await execa('ln', ['-s', path, join(bin, program)]);
    }
    const withoutSums = await run({ PATH: bin });
    expect(withoutSums.exitCode).not.toBe(0);
  });

  it('a damaged, missing or foreign part is noticed and changes nothing', async () => {
    const database = await testDatabase(crmSample);
    const folder = await temporaryFolder();
    const env = { DATABASE_URL: database.url, BACKUP_DIR: folder, ...tiny };
    await ok(['backup', '--database', '--format', 'parallel'], env);
    await database.query("UPDATE deals SET note = 'since'");
    const before = await contentsOf(database.name);
    const [name] = (await readdir(join(folder, 'database'))).filter((each) => !each.endsWith('.json'));
    const data = join(folder, 'database', name as string, 'data');
    const parts = (await readdir(data)).filter((each) => each.startsWith('deals')).sort();
    const [first, second] = parts.map((each) => join(data, each)) as [string, string];
    const bytes = await readFile(first);
    const faults: Record<string, () => Promise<void>> = {
      'one bit flipped': () =>
        writeFile(first, Buffer.from(bytes.map((byte, index) => (index === 99 ? byte ^ 4 : byte)))),
      'cut short': () => writeFile(first, bytes.subarray(0, 50)),
      'another part in its place': async () => writeFile(first, await readFile(second)),
      missing: () => rm(first),
    };
    for (const [fault, make] of Object.entries(faults)) {
      await make();
      const restore = await respaldo(['restore', '--latest', '--force'], env);
      expect([3, 5, 6], `${fault}: ${restore.stderr}`).toContain(restore.exitCode);
      expect(await contentsOf(database.name)).toEqual(before);
      expect(await database.relatives()).toEqual([database.name]);
      expect((await respaldo(['verify'], env)).exitCode).toBe(6);
      await mkdir(data, { recursive: true });
      await writeFile(first, bytes);
    }
    await ok(['restore', '--latest', '--force'], env);
  });
});
