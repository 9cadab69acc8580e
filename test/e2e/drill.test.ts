import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseManifest, serializeManifest } from '../../core/manifest.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { forgeArchive } from '../support/forge.js';
import { crmSample, testDatabase } from '../support/postgres.js';
import { torture } from '../support/torture.js';

async function backedUp(sql: string, args: readonly string[] = [], more: Record<string, string> = {}) {
  const database = await testDatabase(sql);
  const folder = await temporaryFolder();
  const scratch = await temporaryFolder();
  await chmod(scratch, 0o711); // the server runs as another user where the tests run as root
  const env = { DATABASE_URL: database.url, BACKUP_DIR: folder, BACKUP_DRILL_DIR: scratch, ...more };
  const backup = await respaldo(['backup', '--database', '--json', ...args], env);
  expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
  const [{ id }] = JSON.parse(backup.stdout);
  // A drill must do without the live database.
  return { id, env: { ...env, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }, folder, scratch, database };
}

/** Replaces a text in an uncompressed plain dump: one that lied. */
function forge(folder: string, id: string, from: string, to: string): Promise<void> {
  return forgeArchive(join(folder, 'database', `${id}.manifest.json`), (dump) =>
    Buffer.from(dump.toString('latin1').replace(from, to), 'latin1'),
  );
}

describe('a drill', () => {
  it.each([
    { name: 'plain', sql: torture, args: [] },
    { name: 'custom', sql: torture, args: ['--format', 'custom'] },
    { name: 'parallel', sql: torture, args: ['--format', 'parallel'], more: { BACKUP_PARALLEL_TABLE_MB: '0' } },
    { name: 'a selection', sql: crmSample, args: ['--table', 'customers'] },
    { name: 'counted only', sql: crmSample, args: [], more: { BACKUP_FINGERPRINT: 'counts' }, hashed: 0 },
    { name: 'not even counted', sql: crmSample, args: [], more: { BACKUP_FINGERPRINT: 'off' }, hashed: 0 },
  ])('proves an honest backup: $name', async ({ sql, args, more, hashed }) => {
    const { id, env, folder, scratch } = await backedUp(sql, args, more);
    const drill = await respaldo(['drill', '--json'], env);
    expect(drill, drill.stderr).toMatchObject({ exitCode: 0 });
    const record = JSON.parse(drill.stdout);
    expect(record).toMatchObject({ backup: id, passed: true, differences: [] });
    expect(record.compared.hashed).toBe(hashed ?? record.compared.tables);
    expect(JSON.parse(await readFile(join(folder, 'database', `${id}.verified.json`), 'utf8'))).toEqual(record);
    expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toMatchObject([{ id, verified: true }]);
    expect((await respaldo(['list'], env)).stdout).toMatch(/ \| verified$/m);
    expect(await readdir(scratch)).toEqual([]);
  });

  it.each([
    {
      what: 'a value that differs',
      from: 'customer 7\\t',
      to: 'customer 8\\t',
      says: /table public\.customers: 500 rows, but not the ones/,
    },
    {
      what: 'a row too many',
      from: '\n\\.\n',
      to: '\n0\t\\\\x00\n\\.\n',
      sql: "CREATE TABLE t (a int, b bytea); INSERT INTO t VALUES (1, '')",
      says: /t: 1 rows were backed up, 2 restored/,
    },
    {
      what: 'a sequence that stands elsewhere',
      from: "'public.deals_id_seq', 2000",
      to: "'public.deals_id_seq', 1999",
      says: /sequence .*deals_id_seq.* stands at 1999, not 2000/,
    },
    {
      what: 'a view that shows something else',
      from: 'amount > (1000)',
      to: 'amount > (1001)',
      says: /view public\.big_deals is defined differently/,
    },
    {
      what: 'a large object that changed',
      from: '00ff5c0a',
      to: '00ff5c0b',
      sql: "SELECT lo_from_bytea(1, '\\x00ff5c0a')",
      says: /large objects/,
    },
  ])('finds $what, although every digest is right', async ({ from, to, says, sql = crmSample }) => {
    const { id, env, folder, scratch } = await backedUp(sql, ['--no-compress']);
    await forge(folder, id, from, to);
    const drill = await respaldo(['drill', id], env);
    expect(drill.stderr).toMatch(says);
    expect(drill.exitCode).toBe(6);
    expect(await readdir(scratch)).toEqual([]);
    expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toMatchObject([
      { verified: false, drillFailed: true },
    ]);
    expect((await respaldo(['list'], env)).stdout).toMatch(/ \| DRILL FAILED$/m);
  });

  it('runs assertions of the users’ own', async () => {
    const { env, id } = await backedUp(crmSample);
    const file = join(await temporaryFolder(), 'assertions.sql');
    const withSql = { ...env, BACKUP_DRILL_SQL: file };
    await writeFile(
      file,
      'SELECT count(*) = 500 AS "all customers" FROM customers; SELECT max(id) > 5000 AS "many deals" FROM deals',
    );
    const failed = await respaldo(['drill'], withSql);
    expect(failed).toMatchObject({
      exitCode: 6,
      stderr: expect.stringMatching(
        /restores to what was backed up, but an assertion of yours does not hold:\n {2}assertion 2: "many deals" is false\n/,
      ),
    });
    await writeFile(file, 'SELECT 1 / (count(*) - 500) FROM customers');
    const broken = await respaldo(['drill'], withSql);
    expect(broken).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('division by zero') });
    // Both, although the file's last statement has no semicolon.
    await writeFile(file, 'SELECT count(*) = 500 AS ok FROM customers -- all of them');
    const failing = { ...withSql, BACKUP_DRILL_ASSERTIONS: 'SELECT count(*) > 100000 AS many FROM deals' };
    expect(await respaldo(['drill', id], failing)).toMatchObject({
      exitCode: 6,
      stderr: expect.stringContaining('assertion 2: "many" is false'),
    });
    // What is no SQL says nothing of the backup, and leaves no record that says so.
    const records = async () => JSON.parse((await respaldo(['list', '--json'], env)).stdout)[0];
    await writeFile(file, 'not sql');
    const before = await records();
    expect(await respaldo(['drill', id], withSql)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /SETTINGS_INVALID: the drill’s assertions are no SQL.*syntax error.*\nHINT: .*drill again/,
      ),
    });
    expect(await records()).toEqual(before);
    for (const nowhere of ['/proc/respaldo', file]) {
      const drilled = await respaldo(['drill', id], { ...env, BACKUP_DRILL_DIR: nowhere });
      expect(drilled).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(
          /SETTINGS_INVALID: drill of .* not begun: .* cannot be used: .*\nHINT: Set BACKUP_DRILL_DIR/,
        ),
      });
    }
    // A file that is not there is told before anything is restored.
    const missing = await respaldo(['drill', id, '--sql', `${file}.not`], { ...env, BACKUP_DRILL_DIR: '/dev/null/no' });
    expect(missing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('BACKUP_DRILL_SQL or --sql') });
    // As text, where there is no file.
    const asText = { ...env, BACKUP_DRILL_ASSERTIONS: 'SELECT count(*) > 0 AS some FROM deals; SELECT true;' };
    expect(await respaldo(['drill', id], asText)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('2 assertions of your own'),
    });
    await writeFile(file, 'SELECT count(*) = 500 AS ok FROM customers');
    expect(await respaldo(['drill', id], withSql)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('1 assertion of your own'),
    });
  });

  it('counts as long as no newer one ends otherwise, in list, check and report', async () => {
    const { env, id, folder } = await backedUp('CREATE TABLE t ()', [], { BACKUP_STORAGE: 'local' });
    const drill = (assertion: string) => respaldo(['drill', id], { ...env, BACKUP_DRILL_ASSERTIONS: assertion });
    const told = async () => {
      const [listed] = JSON.parse((await respaldo(['list', '--json'], env)).stdout);
      const { exitCode, stdout } = await respaldo(['check'], { ...env, BACKUP_VERIFIED_MAX_AGE_HOURS: '24' });
      const [{ verdict, proof }] = JSON.parse((await respaldo(['report', '--json'], env)).stdout).targets;
      const { verified, drillFailed } = listed;
      return {
        verified,
        drillFailed,
        exitCode,
        failed: stdout.includes('the last drill failed'),
        ...{ proof, verdict },
      };
    };
    const proven = { verified: true, drillFailed: false, exitCode: 0, failed: false, proof: { backup: id } };
    const refuted = { verified: false, drillFailed: true, exitCode: 8, failed: true, verdict: { level: 'danger' } };
    expect(await drill('SELECT true')).toMatchObject({ exitCode: 0 });
    expect(await told()).toMatchObject(proven);
    expect(await drill('SELECT false')).toMatchObject({ exitCode: 6 });
    expect(await told()).toMatchObject(refuted);
    expect(await drill('SELECT true')).toMatchObject({ exitCode: 0 });
    expect(await told()).toMatchObject(proven);
    expect(await drill('SELECT false')).toMatchObject({ exitCode: 6 });
    expect(await told()).toMatchObject(refuted);
    // None has taken another one's place.
    expect((await readdir(join(folder, 'database'))).filter((name) => /verified|drill_failed/.test(name))).toEqual([
      expect.stringContaining('drill_failed_'),
      expect.stringContaining('drill_failed_'),
      `${id}.verified.json`,
      expect.stringMatching(/\.verified_\d{8}_\d{6}\.json$/),
    ]);
  });

  it('asks check for proof where that is wanted', async () => {
    const { env } = await backedUp(crmSample);
    const asked = { ...env, BACKUP_VERIFIED_MAX_AGE_HOURS: '24' };
    expect(await respaldo(['check'], asked)).toMatchObject({
      exitCode: 8,
      stdout: expect.stringMatching(/FAIL \| database proof +\| no backup .* is proven/),
    });
    expect(await respaldo(['drill'], env)).toMatchObject({ exitCode: 0 });
    expect(await respaldo(['check'], asked)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/OK {3}\| database proof +\| newest proven backup .* restores in about/),
    });
  });

  it.each([
    {
      what: 'a backup that is not there',
      args: ['drill', 'db_backup_20200101_000000'],
      exitCode: 5,
      says: 'NO_SUCH_BACKUP',
    },
    {
      what: 'two answers to which',
      args: ['drill', 'db_backup_20200101_000000', '--latest'],
      exitCode: 2,
      says: 'USAGE',
    },
    { what: 'no backup at all', args: ['drill'], exitCode: 5, says: 'NO_SUCH_BACKUP' },
  ])('tells of $what', async ({ args, exitCode, says }) => {
    const env = { BACKUP_DIR: await temporaryFolder() };
    expect(await respaldo(args, env)).toMatchObject({ exitCode, stderr: expect.stringContaining(says) });
  });

  it('tells of a server or an extension that is missing here', async () => {
    const { env, folder, id } = await backedUp(crmSample);
    const path = join(folder, 'database', `${id}.manifest.json`);
    const manifest = parseManifest(await readFile(path), path);
    const extensions = [{ name: 'postgis', version: '3.3', schema: 'public' }];
    const change = (database: object) =>
      writeFile(path, serializeManifest({ ...manifest, database: { ...manifest.database, ...database } as never }));
    await change({ extensions });
    expect(await respaldo(['drill'], env)).toMatchObject({
      exitCode: 9,
      stderr: expect.stringMatching(/TARGET_LACKS: .*postgis/),
    });
    await change({ serverVersion: '9.6.24' });
    expect(await respaldo(['drill'], env)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/PROGRAM_MISSING: .*no PostgreSQL 9 server/),
    });
    await change({ bytes: 2 ** 50 });
    expect(await respaldo(['drill'], env)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/STORAGE_FULL: .*BACKUP_DRILL_DIR/s),
    });
    // None of these tells anything about the backup.
    expect(await readdir(join(folder, 'database'))).toHaveLength(2);
  });

  it('leaves nothing when it is told to end', async () => {
    const { env, scratch, folder } = await backedUp(crmSample);
    const { startRespaldo } = await import('../support/cli.js');
    const drill = startRespaldo(['drill'], env);
    while ((await readdir(scratch)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    drill.kill('SIGTERM');
    expect((await drill).exitCode).toBe(143);
    expect(await readdir(scratch)).toEqual([]);
    expect(await readdir(join(folder, 'database'))).toHaveLength(2);
  });

  it.each([
    { whose: 'a backend', victims: (ofServer: Server) => ofServer.backends.slice(0, 1) },
    { whose: 'the server itself', victims: (ofServer: Server) => [ofServer.postmaster] },
  ])('ends in order when $whose is killed while it loads and while it compares', async ({ victims }) => {
    const { env, scratch, folder } = await backedUp(slowToLoad);
    const { startRespaldo } = await import('../support/cli.js');
    const file = join(await temporaryFolder(), 'assertions.sql');
    await writeFile(file, 'SELECT pg_sleep(20)');
    for (const doing of ['COPY', 'CREATE INDEX', 'ANALYZE', 'SELECT']) {
      const drill = startRespaldo(['drill', '--sql', file], env);
      let ended = false;
      drill.then(() => {
        ended = true;
      });
      let server: Server | undefined;
      // Before it loads, it selects too.
      for (const each of ['COPY', doing]) {
        server = undefined;
        while (!ended && !server) server = await serverIn(scratch, each);
      }
      for (const victim of server ? victims(server) : []) process.kill(victim, 'SIGKILL');
      const { exitCode, stderr } = await drill;
      expect(server, `never seen: ${doing}`).toBeDefined();
      expect(stderr).toMatch(/^ERROR (?:SERVER_UNREACHABLE|SOURCE_FAILED): /m);
      expect(exitCode).toBe(3);
      expect(await readdir(scratch)).toEqual([]);
      // It tells nothing about the backup.
      expect(await readdir(join(folder, 'database'))).toHaveLength(2);
    }
  });
});

const slowToLoad = `${crmSample}; CREATE TABLE wide AS SELECT i, md5(i::text) AS a FROM generate_series(1, 600000) i; CREATE INDEX ON wide (a);`;

interface Server {
  readonly postmaster: number;
  /** Those at work on a statement of the wanted kind first. */
  readonly backends: readonly number[];
}

/** The throw-away server in a folder, once one of its sessions is at work on a statement of a kind. */
async function serverIn(scratch: string, doing: string): Promise<Server | undefined> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  const [name] = await readdir(scratch);
  if (!name) return undefined;
  const lines = await readFile(join(scratch, name, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const postmaster = Number(lines.split('\n')[0]);
  if (!postmaster) return undefined;
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').catch(() => '');
  const backends: number[] = [];
  for (const pid of children.trim().split(' ')) {
    const title = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (title.includes(' drill ') && title.includes(doing)) backends.push(Number(pid));
  }
  return backends.length > 0 ? { postmaster, backends } : undefined;
}
