import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { respaldo, startRespaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';

/** Reads of folders that never end, and keep nothing alive: what a forgotten promise looks like. */
const forgets = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
fs.opendir = () => new Promise(() => { process.stderr.write('waiting\\n'); });
syncBuiltinESMExports();
`;

async function scene(more = '') {
  const folder = await temporaryFolder();
  const preload = join(folder, 'forgets.mjs');
  await writeFile(preload, `${forgets}${more}`);
  return { BACKUP_DIR: folder, NODE_OPTIONS: `--import=${preload}` };
}

describe('a run in which nothing is left to wait for', () => {
  it('says so, and ends as a bug does', async () => {
    const { exitCode, stdout, stderr } = await respaldo(['list'], await scene());
    expect(stderr).toMatch(/^(?:waiting\n)+BUG: Error: the work stood still: nothing is left to wait for/);
    expect([exitCode, stdout]).toEqual([1, '']);
  });

  it('says so in the log that machines read', async () => {
    const { exitCode, stderr } = await respaldo(['list'], { ...(await scene()), BACKUP_LOG: 'json' });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stderr.split('\n').at(-1) as string)).toMatchObject({ level: 60, code: 'BUG' });
  });

  it('ends as interrupted where it was', async () => {
    const env = await scene(
      'const alive = setTimeout(() => {}, 60_000); process.once("SIGTERM", () => clearTimeout(alive));',
    );
    const run = startRespaldo(['list'], env);
    run.stderr?.once('data', () => run.kill('SIGTERM'));
    const { exitCode, stderr } = await run;
    expect(stderr).toMatch(/ERROR TERMINATED: interrupted by SIGTERM/);
    expect(exitCode).toBe(143);
  });
});
