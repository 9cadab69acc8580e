import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { query, serverUrl, testDatabase } from '../support/postgres.js';

/** `RESPALDO_ROUNDS=100 npx vitest run test/e2e/concurrent.test.ts` is the long form. */
const rounds = Number(process.env.RESPALDO_ROUNDS ?? 3);

/** What pgbench keeps equal in every state that may be seen: each transaction adds one amount to all four. */
const sums = `
  SELECT (SELECT sum(abalance) FROM pgbench_accounts)::text AS accounts, (SELECT sum(tbalance) FROM pgbench_tellers)::text AS tellers,
         (SELECT sum(bbalance) FROM pgbench_branches)::text AS branches, (SELECT coalesce(sum(delta), 0) FROM pgbench_history)::text AS history`;

describe('a parallel dump while others write', () => {
  const pgbench = () => join(inject('postgres').binDirectory, 'pgbench');

  it(`holds one state of the database, ${rounds} times in a row`, {
    timeout: 120_000 + rounds * 60_000,
  }, async (context) => {
    if (!existsSync(pgbench())) context.skip('pgbench is not installed');
    const database = await testDatabase();
    const run = async (...args: string[]) => {
      const child = spawn(pgbench(), [...args, serverUrl(database.name)], { stdio: 'ignore' });
      return { child, ended: once(child, 'exit') };
    };
    await (await run('-i', '-q', '-s', '2')).ended;
    const writers = await run('--client=4', '--time=100000', '--rate=400', '--no-vacuum');
    try {
      const env = {
        DATABASE_URL: database.url,
        BACKUP_DIR: await temporaryFolder(),
        BACKUP_PARALLEL_TABLE_MB: '0',
        BACKUP_PARALLEL_PART_MB: '1',
      };
      const seen = new Set<string>();
      for (let round = 0; round < rounds; round += 1) {
        const backup = await respaldo(['backup', '--database', '--format', 'parallel', '--jobs', '4', '--json'], env);
        expect(backup, backup.stderr).toMatchObject({ exitCode: 0 });
        const [{ id, manifest }] = JSON.parse(backup.stdout);
        // The drill compares the hashes that were taken inside of the snapshot.
        const copy = `${database.name}_${round}`;
        expect(await respaldo(['restore', id, '--into', copy], env)).toMatchObject({ exitCode: 0 });
        const [restored] = await query<Record<string, string>>(copy, sums);
        expect(new Set(Object.values(restored ?? {})).size, JSON.stringify(restored)).toBe(1);
        seen.add(JSON.stringify(manifest.database.tables));
        await query('postgres', `DROP DATABASE ${copy}`);
      }
      // They were written to all the while.
      expect(seen.size).toBe(rounds);
      expect(await respaldo(['drill'], env)).toMatchObject({ exitCode: 0 });
    } finally {
      writers.child.kill('SIGKILL');
      await writers.ended;
    }
  });
});
