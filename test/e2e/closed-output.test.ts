import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { crmSample, testDatabase } from '../support/postgres.js';

describe('where nobody reads any more what it writes, as after `| head -1`', () => {
  it.each(['--help', 'list', 'list --json'])('%s ends without a stack', async (line) => {
    const run = startRespaldo(line.split(' '), { BACKUP_DIR: await temporaryFolder() });
    run.stdout?.destroy();
    const { exitCode, stderr } = await run;
    expect(exitCode, String(stderr)).toBe(0);
    expect(String(stderr)).not.toMatch(/EPIPE|^ +at /m);
  });

  it.each(['text', 'json'])('a backup is taken all the same, its log being %s', async (log) => {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder(), BACKUP_LOG: log };
    const run = startRespaldo(['backup', '--database', '--json'], env);
    run.stdout?.destroy();
    run.stderr?.destroy();
    expect(await run).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toHaveLength(1);
  });

  it('media files are backed up all the same', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.txt'), 'a');
    const env = { BACKUP_DIR: join(folder, 'backups'), MEDIA_ROOT: folder };
    const run = startRespaldo(['backup', '--media'], env, { buffer: false });
    run.stdout?.destroy();
    run.stderr?.destroy();
    expect((await run).exitCode).toBe(0);
    expect(JSON.parse((await respaldo(['list', '--json'], env)).stdout)).toHaveLength(1);
  });
});
