import { mkdir, mkdtemp, readdir, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { installedClients } from '../../container/postgres/clients.js';
import { startThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { differences, type Fingerprints, fingerprintDatabase, fingerprintFolder } from './fingerprint.js';
import { crm, makePictures, ruin } from './sample.js';

const out = (text = '') => process.stdout.write(`${text}\n`);
const title = (text: string) => out(`\n\x1b[1m── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}\x1b[0m`);

// A demo touches nothing of whoever runs it: neither their database nor their bucket, whatever their shell has set.
const own = /^(?:BACKUP_|AWS_|PG(?!_BINDIR$)|DATABASE_URL$|MEDIA_ROOT$|SENTRY_DSN$)/;
for (const name of Object.keys(process.env).filter((each) => own.test(each))) delete process.env[name];

const interrupted = new AbortController();
// Not "once": where no listener of ours is left, execa ends this process before anything is cleared up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
const folder = await mkdtemp(join(tmpdir(), 'respaldo-demo-'));
const media = join(folder, 'pictures');
const schedules = 'database: cron(0 3 * * ? *); media: cron(0 4 ? * SUN *); cleanup: cron(0 5 ? * MON *)';
const started = Date.now();
const [clients] = await installedClients(process.env.PG_BINDIR);
if (!clients) throw new Error('no PostgreSQL was found: run this as "npm run demo"');
const server = await startThrowawayServer({ binDirectory: clients.directory, parent: tmpdir() });
try {
  await demo();
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  out('\nInterrupted: the demo ends here, and what it made is removed.');
  process.exitCode = 130;
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function demo(): Promise<void> {
  const env = { DATABASE_URL: server.url('crm'), MEDIA_ROOT: media, BACKUP_DIR: join(folder, 'backups') };

  title('A throw-away PostgreSQL, a small CRM in it, and a folder of pictures');
  await execute('postgres', 'CREATE DATABASE crm');
  await execute('crm', crm);
  await makePictures(media);
  const before = await fingerprints(env.DATABASE_URL);
  for (const [name, print] of before) out(`  ${name.padEnd(18)} ${print}`);

  title('Back both up, and look at the list');
  await respaldo(env, 'backup', '--full');
  await respaldo(env, 'list');

  title('A bad day: rows deleted, tables dropped, pictures gone');
  await execute('crm', ruin);
  for (const name of (await readdir(join(media, 'album 1'))).slice(0, 10)) await unlink(join(media, 'album 1', name));
  await rm(join(media, 'album 2'), { recursive: true });
  const ruined = await fingerprints(env.DATABASE_URL);
  for (const name of differences(before, ruined))
    out(`  ${name.padEnd(18)} ${before.get(name)}  →  ${ruined.get(name) ?? 'gone'}`);

  title('What would a restore do?');
  await respaldo(env, 'restore', '--latest', '--full', '--dry-run');

  title('Restore: beside what is there, compared, then swapped in');
  await respaldo(env, 'restore', '--latest', '--full', '--force');

  title('Is everything back?');
  const after = await fingerprints(env.DATABASE_URL);
  for (const [name, print] of before)
    out(`  ${after.get(name) === print ? '✔' : '✘'} ${name.padEnd(18)} ${after.get(name) ?? 'missing'}`);
  const wrong = differences(before, after);

  title('House-keeping: retention, and whether the backups are fresh and sound');
  await respaldo(env, 'cleanup', '--dry-run');
  await respaldo(env, 'cleanup');
  await respaldo(env, 'verify', '--all');
  await respaldo(env, 'check');

  title('Are we safe? A drill proves the backup, and one page says it');
  await respaldo(env, 'drill');
  await mkdir('.cache', { recursive: true });
  await respaldo({ ...env, BACKUP_SCHEDULES: schedules }, 'report', '--out', '.cache/demo-report.html');

  title('Summary');
  if (wrong.length > 0) throw new Error(`not as before: ${wrong.join(', ')}`);
  out(`  The database and the pictures were backed up, ruined, and brought back:`);
  out(
    `  all ${before.size} tables, views, sequences and folders are what they were, compared row by row and file by file.`,
  );
  out(`  The ruined database and folder were kept beside the restored ones, in case they had been needed.`);
  out(`  Everything ran in ${folder}, took ${((Date.now() - started) / 1000).toFixed(0)} s, and is removed now.`);
  out(`  Open the page in a browser: ${resolve('.cache/demo-report.html')}`);
  out();
  out(
    '  Next: set DATABASE_URL, MEDIA_ROOT and BACKUP_DIR, run "npx respaldo doctor", then "npx respaldo backup --full".',
  );
}

async function fingerprints(url: string): Promise<Fingerprints> {
  return new Map([...(await fingerprintDatabase(url)), ...(await fingerprintFolder(media))]);
}

async function execute(database: string, sql: string): Promise<void> {
  interrupted.signal.throwIfAborted();
  const client = new pg.Client({ connectionString: server.url(database) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Shows the command as a person would type it, and runs it. */
async function respaldo(env: Record<string, string>, ...args: string[]): Promise<void> {
  out(`\x1b[36m$ npx respaldo ${args.join(' ')}\x1b[0m`);
  await execa(process.execPath, ['dist/respaldo.js', ...args], {
    env,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    cancelSignal: interrupted.signal,
  });
}
