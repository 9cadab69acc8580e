import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { listener } from '../support/listener.js';
import { testDatabase } from '../support/postgres.js';

const canary = 'row-canary@example.org';

/**
 * Backs up well, and does not restore: the rows of "a_people" are checked by a function that reads "z_known", which a
 * restore fills later. What the function does then, the server tells with the row's values.
 */
const unrestorable = (complaint: string) => `
  CREATE TABLE z_known (yes boolean);
  INSERT INTO z_known VALUES (true);
  CREATE FUNCTION known(email text) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM public.z_known) THEN RETURN true; END IF;
    ${complaint}
  END $$;
  CREATE TABLE a_people (id int PRIMARY KEY, email text CHECK (public.known(email)));
  INSERT INTO a_people SELECT i, '${canary}' FROM generate_series(1, 500) i;
`;

async function target(sql: string, format: string) {
  const database = await testDatabase(sql);
  const folder = await temporaryFolder();
  const [sentry, bus] = [await listener(), await listener({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] })];
  const env = {
    DATABASE_URL: database.url,
    BACKUP_DIR: folder,
    BACKUP_FORMAT: format,
    BACKUP_PARALLEL_TABLE_MB: '0',
    BACKUP_EVENT_BUS: 'bus',
    AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${bus.port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    SENTRY_DSN: `http://publickey@127.0.0.1:${sentry.port}/42`,
  };
  const backup = await respaldo(['backup', '--database'], env);
  expect(backup.exitCode, backup.stderr).toBe(0);
  /** Whatever is kept or sent, by what it is. */
  const kept = async () => {
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));
    return [
      ...(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const))),
      ...bus.received.map(({ body }) => ['event', body] as const),
      ...sentry.received.map(({ body }) => ['Sentry', body] as const),
    ];
  };
  return { database, env, folder, kept, bus };
}

/** The server's complaint reaches the person, and nothing else. */
async function expectToldToThePersonAlone(
  { env, kept, bus }: Awaited<ReturnType<typeof target>>,
  args: readonly string[],
  exitCode: number,
  reason: RegExp,
) {
  const seen = await respaldo(args, { ...env, BACKUP_LOG: 'text' });
  expect(seen.exitCode, seen.stderr).toBe(exitCode);
  expect(seen.stderr).toContain(canary);
  const logged = await respaldo(args, { ...env, BACKUP_LOG: 'json' });
  expect(logged.exitCode, logged.stderr).toBe(exitCode);
  expect(logged.stderr).not.toContain('canary');
  const line = logged.stderr.split('\n').find((each) => each.includes('"level":50'));
  expect(JSON.parse(line ?? '{}').msg).toMatch(reason);
  const all = await kept();
  for (const [what, text] of all) expect(text, what).not.toContain('canary');
  const failures = bus.received.filter(({ body }) => /(?:Restore|Drill) Failed/.test(body));
  expect(failures.length).toBeGreaterThan(1);
  for (const { body } of failures) expect(JSON.parse(JSON.parse(body).Entries[0].Detail).reason).toMatch(reason);
  expect(all.filter(([what]) => what === 'Sentry').length).toBeGreaterThan(1);
  return all;
}

describe('rows that the server quotes', { timeout: 300_000 }, () => {
  it.each([
    {
      name: 'psql, a function’s own words',
      format: 'plain',
      complaint: "RAISE EXCEPTION 'who is %?', email;",
      reason: /^the server refused the dump: psql:<stdin>:\d+: ERROR: {2}\[…\] \(COPY a_people, line 1\)$/,
    },
    {
      name: 'pg_restore, a value of the wrong type',
      format: 'custom',
      complaint: 'RETURN email::int > 0;',
      reason:
        /^the server refused the dump: pg_restore: error: COPY failed for table "a_people": ERROR: {2}invalid input syntax for type integer: \[…\] \(COPY a_people, line 1\)$/,
    },
    {
      name: 'the driver, a failing row',
      format: 'parallel',
      complaint: 'RETURN false;',
      reason:
        /^the server refused the dump: new row for relation "a_people" violates check constraint "a_people_email_check" \(COPY a_people, line 1\)$/,
    },
  ])('by $name, reach the person alone', async ({ format, complaint, reason }) => {
    const one = await target(unrestorable(complaint), format);
    // By one session, which begins with the larger table.
    const jobs = format === 'parallel' ? ['--jobs', '1'] : [];
    await expectToldToThePersonAlone(one, ['restore', '--latest', '--force', ...jobs], 3, reason);
    const kept = await expectToldToThePersonAlone(one, ['drill', ...jobs], 3, reason);
    expect(kept.some(([name]) => /\.failed_.*\.json$|failed/.test(name))).toBe(true);
  });

  it('by an assertion of the users’ own, reach the person alone', async () => {
    const one = await target(`CREATE TABLE people (email text); INSERT INTO people VALUES ('${canary}')`, 'custom');
    const sql = join(one.folder, 'assertions.sql');
    await writeFile(sql, 'SELECT email::int > 0 AS positive FROM people');
    await expectToldToThePersonAlone(
      one,
      ['drill', '--sql', sql],
      6,
      /assertion: invalid input syntax for type integer: \[…\] \(SQLSTATE 22P02\)$/,
    );
  });

  it('of one table that comes back beside the present one, reach the person alone', async () => {
    const one = await target(
      `CREATE DOMAIN email AS text; CREATE TABLE people (who email);
      INSERT INTO people VALUES ('${canary}')`,
      'custom',
    );
    await one.database.query(`ALTER DOMAIN email ADD CHECK (value NOT LIKE 'row%') NOT VALID`);
    const seen = await respaldo(['restore', '--latest', '--table', 'people', '--force'], one.env);
    expect(seen.exitCode, seen.stderr).toBe(3);
    expect(seen.stderr).toContain(canary);
    const logged = await respaldo(['restore', '--latest', '--table', 'people', '--force'], {
      ...one.env,
      BACKUP_LOG: 'json',
    });
    expect(logged.stderr).toContain('violates check constraint');
    expect(logged.stderr).not.toContain('canary');
    for (const [what, text] of await one.kept()) expect(text, what).not.toContain('canary');
  });
});
