import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { majors, serverOf } from '../support/majors.js';
import { managedDatabase } from '../support/managed.js';

async function ok(args: readonly string[], env: Record<string, string>) {
  const result = await respaldo(args, env);
  expect(result, `${args.join(' ')}: ${result.stderr}`).toMatchObject({ exitCode: 0 });
  return result;
}

describe.each(majors)('PostgreSQL $major of a provider who makes nobody a superuser', ({ major, directory }) => {
  const server = serverOf(directory);
  const managed = (ownedBy: 'master' | 'app') => managedDatabase(server, { major, directory }, ownedBy);

  it.each([
    { format: 'plain', ownedBy: 'master', how: ['--in-place'] },
    { format: 'custom', ownedBy: 'app', how: ['--in-place'] },
    { format: 'custom', ownedBy: 'master', how: [] },
    { format: 'parallel', ownedBy: 'app', how: [] },
    { format: 'plain', ownedBy: 'app', how: ['--into'] },
    { format: 'parallel', ownedBy: 'master', how: ['--into'] },
  ] as const)('brings all back, $format $how, the database being of $ownedBy', async ({ format, ownedBy, how }) => {
    const { name, master, env, definitions, contents } = await managed(ownedBy);
    await ok(['backup', '--database', '--format', format, '--with-globals'], env(master));
    const into = how[0] === '--into' ? [`${name}_new`] : [];
    const before = { contents: await contents(), definitions: await definitions() };
    await server.query(name, 'DELETE FROM crm.deals; DROP TABLE auth_user_groups');
    const { stderr } = await ok(['restore', '--latest', '--force', ...how, ...into], env(master));
    expect(stderr).not.toContain('WARNING');
    expect(await contents(...into)).toEqual(before.contents);
    if (into.length === 0) expect(await definitions()).toBe(before.definitions);
  });

  it('tells with what statement a setting comes back that only others may make', async () => {
    const { name, master, env, definitions } = await managed('app');
    await server.query('postgres', `ALTER DATABASE ${name} SET log_min_duration_statement = '1s'`);
    await ok(['backup', '--database'], env(master));
    const before = await definitions();
    const { stderr } = await ok(['restore', '--latest', '--force'], env(master));
    const statement = /WARNING: .*"log_min_duration_statement".*: (ALTER DATABASE .*;)$/m.exec(stderr)?.[1];
    await server.query('postgres', statement ?? stderr);
    expect(await definitions()).toBe(before);
  });

  it('tells who may only read what grants it lacks, and they suffice', async () => {
    const { master, app, backup, env } = await managed('master');
    await server.query('postgres', `REVOKE pg_read_all_data FROM ${backup}`, [], master);
    const { stdout, exitCode } = await respaldo(['doctor'], env(backup));
    expect(exitCode, stdout).toBe(3);
    const statements = /fix: .*: ((?:GRANT [^;]*; ?)+)/m.exec(stdout)?.[1];
    expect(statements).toMatch(new RegExp(`pg_read_all_data.*"${app}"`));
    await server.query('postgres', statements ?? '', [], master);
    await ok(['doctor'], env(backup));
    await ok(['backup', '--database'], env(backup));
  });

  it('ends sessions of roles that it may end, whatever it may see of them', async () => {
    const { name, master, app, backup, env } = await managed('app');
    const restorer = `restorer_${name}`;
    await server.query(
      'postgres',
      `CREATE ROLE ${restorer} LOGIN CREATEDB IN ROLE ${app}, pg_signal_backend; GRANT CONNECT ON DATABASE ${name} TO ${restorer}`,
    );
    await ok(['backup', '--database'], env(master));
    const sessions = [app, backup].map((role) => new pg.Client(server.url(name, role)));
    for (const session of sessions) {
      session.on('error', () => {}); // ended, as it should be
      await session.connect();
    }
    await ok(['restore', '--latest', '--force'], env(restorer));
    for (const session of sessions) await expect(session.query('SELECT 1')).rejects.toThrow();
  });

  it('names the session that it could not end, and keeps what is restored', async () => {
    const { name, master, env, contents } = await managed('app');
    await ok(['backup', '--database'], env(master));
    const before = await contents();
    const provider = new pg.Client({ connectionString: server.url(name), application_name: 'provider agent' });
    await provider.connect();
    const { exitCode, stderr } = await respaldo(['restore', '--latest', '--force'], env(master));
    await provider.end();
    expect(exitCode, stderr).toBe(3);
    expect(stderr).toMatch(
      /SWAP_FAILED: .*\n {2}in "crm_\w+": server process \d+ \(user "postgres", application "provider agent"\)$/m,
    );
    const statements = /then as the owner: (.*;)$/m.exec(stderr)?.[1] ?? '';
    for (const sql of statements.split('; ')) await server.query('postgres', sql, [], master);
    expect(await contents()).toEqual(before);
  });

  // From 15 on, who owns the database has all rights on public.
  it.runIf(major < 15).each(['plain', 'custom', 'parallel'])(
    'tells of rights that it may not give, %s',
    async (format) => {
      const { name, master, app, env } = await managed('master');
      await server.query(name, `REVOKE CREATE ON SCHEMA public FROM PUBLIC; GRANT CREATE ON SCHEMA public TO ${app}`);
      await ok(['backup', '--database', '--format', format], env(master));
      const { stderr } = await ok(['restore', '--latest', '--force'], env(master));
      expect(stderr.match(/WARNING: not all rights .* for "public"/g)).toHaveLength(2);
    },
  );

  it('tells before anything is loaded what takes a superuser', async () => {
    const { name, master, app, env } = await managed('app');
    await server.query(
      name,
      `CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION noted OWNER TO ${app};
       CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted(); CREATE PUBLICATION everything FOR ALL TABLES`,
    );
    await ok(['backup', '--database'], env(master));
    const { stderr } = await ok(['restore', '--latest', '--dry-run'], env(master));
    expect(stderr).toMatch(/WARNING: .*a superuser.*: event trigger noted; publication everything of all tables$/m);
    await server.query(
      name,
      `DROP EVENT TRIGGER noted; DROP PUBLICATION everything; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${app}`,
    );
    await ok(['backup', '--database'], env(master));
    const refused = await respaldo(['restore', '--latest', '--force'], env(master));
    expect(refused, refused.stderr).toMatchObject({ exitCode: 9 });
    expect(refused.stderr).toMatch(/role "postgres", which owns some of it, is a superuser/);
    expect(refused.stderr).not.toMatch(/GRANT "postgres"/);
    await ok(['restore', '--latest', '--force', '--no-owner'], env(master));
  });

  it('doctor tells what a restore would be refused for, and that it will do once that is mended', async () => {
    const { master, app, env } = await managed('app');
    await server.query('postgres', `REVOKE ${app} FROM ${master}`, [], master);
    await ok(['backup', '--database'], { ...env(app) });
    const { stdout } = await ok(['doctor'], env(app));
    expect(stdout).toMatch(/WARN \| restore possible: "app_\w+" may not create databases/);
    const [, restorable = ''] = (await respaldo(['doctor'], env(master))).stdout.split('WARN | restore possible');
    const [statement] = /GRANT "app_\w+" TO "master_\w+".*$/m.exec(restorable) ?? [];
    await server.query('postgres', statement ?? 'doctor named no grant', [], master);
    expect((await ok(['doctor'], env(master))).stdout).toMatch(
      /OK {3}\| restore possible: .* restore what is in this one/,
    );
    await ok(['restore', '--latest', '--force'], env(master));
  });

  it('the application restores in place what is its own, whosever the database is', async () => {
    const { name, master, app, env, definitions, contents } = await managed('master');
    await ok(['backup', '--database', '--format', 'custom'], env(app));
    const refused = await respaldo(['restore', '--latest', '--force', '--in-place'], env(app));
    expect(refused, refused.stderr).toMatchObject({ exitCode: 9 });
    expect(refused.stderr).toMatch(/^ERROR TARGET_LACKS: role "app_\w+" may make no schema in .*"crm" anew$/m);
    const [statement] = /GRANT CREATE ON DATABASE .* TO "app_\w+"/.exec(refused.stderr) ?? [];
    await server.query('postgres', statement ?? 'no grant was named', [], master);
    const before = { contents: await contents(), definitions: await definitions() };
    await server.query(name, 'DELETE FROM crm.deals; DROP TABLE auth_user_groups', [], app);
    await ok(['restore', '--latest', '--force', '--in-place'], env(app));
    expect(await contents()).toEqual(before.contents);
    expect(await definitions()).toBe(before.definitions);
  });
});
