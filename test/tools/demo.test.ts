import { chmod, readdir } from 'node:fs/promises';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../container/postgres/free-port.js';
import { temporaryFolder } from '../support/folders.js';

/** The demo as `npm run demo` starts it, once everything is installed and built. */
function demo(env: Readonly<Record<string, string>>) {
  const base = { PATH: process.env.PATH, HOME: process.env.HOME };
  return execa(process.execPath, ['--import', 'tsx', 'tools/demo/main.ts'], {
    ...{ env: { ...base, ...env }, extendEnv: false, reject: false, stdin: 'ignore', timeout: 120_000 },
  });
}

/** A temporary folder that the server's user may enter, too. */
async function enterable(): Promise<string> {
  const folder = await temporaryFolder();
  await chmod(folder, 0o711);
  return folder;
}

/** What is left in it, but for the cache of what runs TypeScript here. */
async function leftIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('tsx-'));
}

describe('the demo', { timeout: 240_000 }, () => {
  it('brings everything back and leaves nothing behind, whatever the shell of a person has set', async () => {
    const TMPDIR = await enterable();
    const theirs = await temporaryFolder();
    const { exitCode, stdout, stderr } = await demo({
      ...{ TMPDIR, DATABASE_URL: 'postgresql://live@127.0.0.1:1/live', MEDIA_ROOT: theirs, BACKUP_DIR: theirs },
      ...{ BACKUP_STORAGE: 'both', BACKUP_TARGET: 'live', BACKUP_FORMAT: 'nonsense', BACKUP_RETENTION_DAYS: '1' },
      ...{ AWS_S3_BUCKET_NAME: 'live', AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` },
      ...{ PGHOST: 'live', PGSSLMODE: 'require', PGOPTIONS: '-c statement_timeout=1', SENTRY_DSN: 'nonsense' },
    });
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toContain('all 12 tables, views, sequences and folders are what they were');
    expect(stdout).not.toContain('✘');
    expect(stdout).toMatch(/^Safe: /m);
    expect(stderr).not.toMatch(/ERROR|WARN/i);
    expect(await leftIn(TMPDIR)).toEqual([]);
    expect(await readdir(theirs)).toEqual([]);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const TMPDIR = await enterable();
    const running = demo({ TMPDIR });
    let said = '';
    running.stdout.on('data', (text) => {
      said += text;
      if (String(text).includes('restore --latest --full --force')) running.kill('SIGINT');
    });
    const { exitCode } = await running;
    expect(said).toMatch(/Interrupted: the demo ends here, and what it made is removed\.\s*$/);
    expect(exitCode).toBe(130);
    expect(await leftIn(TMPDIR)).toEqual([]);
  });
});
