import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { query, serverUrl, testDatabase } from '../support/postgres.js';

async function ok(args: readonly string[], env: Record<string, string>) {
  const result = await respaldo(args, env);
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
  return result;
}

it.each([
  { encoding: 'LATIN1', args: ['--format', 'parallel'], env: { BACKUP_PARALLEL_TABLE_MB: '0' } },
  { encoding: 'LATIN1', args: ['--format', 'custom'], env: {} },
  { encoding: 'LATIN1', args: ['--format', 'plain'], env: {} },
  { encoding: 'SQL_ASCII', args: ['--format', 'plain'], env: {} },
  { encoding: 'SQL_ASCII', args: ['--format', 'parallel'], env: { BACKUP_PARALLEL_TABLE_MB: '0' } },
  { encoding: 'UTF8', args: ['--format', 'parallel'], env: { BACKUP_PARALLEL_TABLE_MB: '0' } },
])('a database in $encoding, with names in it, comes back: $args', async ({ encoding, args, env: more }) => {
  const database = await testDatabase('');
  await query('postgres', `DROP DATABASE ${database.name}`);
  await query('postgres', `CREATE DATABASE ${database.name} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`);
  // One table by COPY's binary form, one by its text.
  await query(
    database.name,
    `CREATE TABLE "café \\ ""x""" (id int PRIMARY KEY, "größe" text); INSERT INTO "café \\ ""x""" SELECT i, 'é' || i FROM generate_series(1, 999) i;
     CREATE TABLE "été" ("ä" int[], b text); INSERT INTO "été" SELECT ARRAY[i], 'ü' || i FROM generate_series(1, 500) i;`,
  );
  const folder = await temporaryFolder();
  const env = { DATABASE_URL: serverUrl(database.name), BACKUP_DIR: folder, ...more };
  await ok(['backup', '--database', ...args], env);
  const copies = [`${database.name}_copy`];
  await ok(['restore', '--latest', '--into', copies[0] as string], env);
  if (args.includes('parallel')) {
    const byHand = `${database.name}_by_hand`;
    await query('postgres', `CREATE DATABASE ${byHand} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`);
    const [name = ''] = (await readdir(join(folder, 'database'))).filter((each) => !each.includes('.'));
    await execa('sh', [join(folder, 'database', name, 'restore.sh'), byHand], {
      env: { PGHOST: '127.0.0.1', PGPORT: new URL(serverUrl('x')).port, PGUSER: 'postgres' },
    });
    copies.push(byHand);
  }
  for (const table of ['"café \\ ""x"""', '"été"']) {
    const rows = await query(database.name, `SELECT t::text FROM ${table} t ORDER BY 1`);
    expect(rows.length).toBeGreaterThan(400);
    for (const copy of copies) expect(await query(copy, `SELECT t::text FROM ${table} t ORDER BY 1`)).toEqual(rows);
  }
});
