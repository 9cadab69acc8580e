import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daysAgo, putBackups } from '../support/catalog.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';

describe('respaldo report', () => {
  it('writes one page that loads and runs nothing, and prints its verdict', { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    const env = { BACKUP_DIR: folder, BACKUP_SCHEDULES: 'database: cron(0 3 * * ? *)', BACKUP_PRICE_PER_GB_MONTH: '1' };
    await putBackups(folder, [
      { time: daysAgo(0.3) },
      { time: daysAgo(1.3) },
      { time: daysAgo(0.4), kind: 'media', target: 'crm' },
    ]);
    const path = join(folder, 'page.html');
    const { exitCode, stdout } = await respaldo(['report', '--out', path], env);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      `Backed up, but look at this: no database backup was ever proved by a restore.\nThe page is ${path}`,
    );
    const page = await readFile(path, 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('Crm media');
    expect(page).toContain('cron(0 3 * * ? *)');
    expect(page).not.toMatch(/<script|<link|<iframe|<use|<img|src=|href="(?!#)|url\(|@import/);

    const json = await respaldo(['report', '--json'], env);
    expect(JSON.parse(json.stdout)).toMatchObject({
      verdict: { level: 'look' },
      targets: [
        { kind: 'database', target: '', backups: 2 },
        { kind: 'media', target: 'crm', backups: 1 },
      ],
    });
    const one = await respaldo(['--target', 'crm', 'report', '--json'], env);
    expect(JSON.parse(one.stdout).targets).toMatchObject([{ kind: 'media', target: 'crm' }]);
    expect((await respaldo(['report'], env)).stdout.slice(0, 15)).toBe('<!doctype html>');
  });

  it('names what cannot be written or read', { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'nowhere/page.html');
    const unwritten = await respaldo(['report', '--out', path], { BACKUP_DIR: folder });
    expect([unwritten.exitCode, unwritten.stderr]).toEqual([2, expect.stringContaining(`not be written to ${path}`)]);
    const wrong = await respaldo(['report'], {
      BACKUP_DIR: folder,
      BACKUP_SCHEDULES: 'x',
      BACKUP_PRICE_PER_GB_MONTH: 'y',
    });
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('BACKUP_SCHEDULES="x": "x" is not like database: cron(0 3 * * ? *)');
    expect(wrong.stderr).toContain('BACKUP_PRICE_PER_GB_MONTH="y"');
  });
});
