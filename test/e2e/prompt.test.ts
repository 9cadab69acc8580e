import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../container/streams/programs.js';
import { respaldo } from '../support/cli.js';
import { temporaryFolder } from '../support/folders.js';
import { contentsOf, crmSample, testDatabase } from '../support/postgres.js';

/** util-linux's script gives a program a terminal, and passes on what is typed. */
const script = await findProgram('script');

/** Runs the program at a terminal, and does something once it asks. Answers what stood there, and the exit code. */
async function atTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  act: (keys: NodeJS.WritableStream, program: () => Promise<number>) => unknown,
): Promise<{ exitCode: number; screen: string }> {
  const line = [process.execPath, 'dist/respaldo.js', ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn(script as string, ['-qec', `exec ${line}`, '/dev/null'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, SHELL: '/bin/sh', TERM: 'dumb', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.on('data', (text) => {
    screen += text;
  });
  const ended = once(child, 'close');
  const gone = new AbortController();
  void ended.then(() => gone.abort());
  while (!screen.includes('to go on: ') && !gone.signal.aborted) await delay(20);
  await act(child.stdin, async () => childOf(child.pid as number));
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [exitCode] = await ended;
  clearTimeout(timer);
  return { exitCode: Number(exitCode), screen: screen.replaceAll('\r', '') };
}

async function childOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ')[0]);
}

const ctrlC = '\x03';
const ctrlD = '\x04';

describe.skipIf(!script)('the question of a restore, at a terminal', { timeout: 120_000 }, () => {
  async function scene() {
    const database = await testDatabase(crmSample);
    const env = { DATABASE_URL: database.url, BACKUP_DIR: await temporaryFolder() };
    expect(await respaldo(['backup', '--database'], env)).toMatchObject({ exitCode: 0 });
    await database.query('DELETE FROM deals WHERE id > 100');
    return { database, env, before: await contentsOf(database.name) };
  }

  it.each<{ name: string; act: Parameters<typeof atTerminal>[2]; code: number; says: string }>([
    { name: 'Ctrl-C', act: (keys) => keys.write(ctrlC), code: 130, says: 'ERROR INTERRUPTED: interrupted by SIGINT' },
    {
      name: 'Ctrl-C in the midst of an answer',
      act: (keys) => keys.write(`cr${ctrlC}`),
      code: 130,
      says: 'ERROR INTERRUPTED: interrupted by SIGINT',
    },
    {
      name: 'SIGINT from elsewhere',
      act: async (_, program) => process.kill(await program(), 'SIGINT'),
      code: 130,
      says: 'ERROR INTERRUPTED: interrupted by SIGINT',
    },
    {
      name: 'SIGTERM',
      act: async (_, program) => process.kill(await program(), 'SIGTERM'),
      code: 143,
      says: 'ERROR TERMINATED: interrupted by SIGTERM',
    },
    {
      name: 'the end of the input',
      act: (keys) => keys.write(ctrlD),
      code: 9,
      says: 'ERROR NOT_CONFIRMED: restore not begun: the input ended before an answer',
    },
    {
      name: 'another name',
      act: (keys) => keys.write('no\n'),
      code: 9,
      says: 'ERROR NOT_CONFIRMED: restore not begun: "no" is not "',
    },
    {
      name: 'an empty line',
      act: (keys) => keys.write('\n'),
      code: 9,
      says: 'ERROR NOT_CONFIRMED: restore not begun: "" is not "',
    },
  ])('answered by $name changes nothing and says so in one line', async ({ act, code, says }) => {
    const { database, env, before } = await scene();
    const { exitCode, screen } = await atTerminal(['restore', '--latest'], env, act);
    expect(exitCode, screen).toBe(code);
    const lines = screen.split('\n').filter((line) => line !== '');
    expect(lines.at(-2), screen).toContain(says);
    expect(lines.at(-2)).toMatch(/^ERROR /);
    expect(lines.at(-1)).toMatch(/^HINT: /);
    expect(screen).not.toMatch(/Warning|AbortError|BUG/);
    expect(await contentsOf(database.name)).toEqual(before);
    expect(await database.relatives()).toEqual([database.name]);
  });

  it('answered by the name restores', async () => {
    const { database, env, before } = await scene();
    const { exitCode, screen } = await atTerminal(['restore', '--latest'], env, (keys) =>
      keys.write(`${database.name}\n`),
    );
    expect(exitCode, screen).toBe(0);
    expect(screen).toMatch(/restored db_backup_\w+ into /);
    expect(await contentsOf(database.name)).not.toEqual(before);
  });
});

it.skipIf(!script)('a report at a terminal is its verdict, and how to get the page', { timeout: 60_000 }, async () => {
  const { exitCode, screen } = await atTerminal(['report'], { BACKUP_DIR: await temporaryFolder() }, () => {});
  expect(exitCode).toBe(0);
  expect(screen).toMatch(
    /^Not safe: there is no backup at all\.\nThe page with all of it: respaldo report --out report\.html\n$/,
  );
});
