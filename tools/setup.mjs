// Brings a machine to where the demo and the tests run. Needs nothing but Node and npm; run it as often as you like.
//   node tools/setup.mjs demo | test
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;

/** Programs, the Debian package and the Homebrew formula that bring them, and whether one can do without. */
const programs = [
  { name: 'tar', apt: 'tar', brew: 'gnu-tar' },
  { name: 'zstd', apt: 'zstd', brew: 'zstd' },
  { name: 'igzip', apt: 'isal', brew: 'isa-l', optional: true },
  { name: 'age', apt: 'age', brew: 'age', test: true },
  { name: 'gpg', apt: 'gnupg', brew: 'gnupg', test: true },
  { name: 'pigz', apt: 'pigz', brew: 'pigz', test: true },
  // For hosts of a test's own, which only root can make; brew has none because only Linux can.
  {
    name: 'ip',
    apt: 'iproute2',
    test: true,
    optional: true,
    only: () => process.getuid?.() === 0 && process.platform === 'linux',
  },
  { name: 'pgbouncer', apt: 'pgbouncer', brew: 'pgbouncer', optional: true, test: true },
];

/** What Chromium goes by, as in test/support/browser.ts. */
const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @param {'demo' | 'test'} purpose */
export function setUp(purpose) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.versions.node} is too old.`, 'Install Node 20.19 or later.');
  installPackages();
  const missing = programs.filter(
    ({ name, test, only = () => true }) => (purpose === 'test' || !test) && only() && !isOnPath(name),
  );
  const wantsServer = !findServer();
  if (missing.length > 0 || wantsServer) installPrograms(missing, wantsServer);
  if (purpose !== 'test') return;
  installMoto();
  installChromium();
}

/** npm's packages, unless they are those of the lock file already. */
function installPackages() {
  const installed = join(root, 'node_modules/.package-lock.json');
  const stamp = join(root, 'node_modules/.respaldo-lock');
  const wanted = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (existsSync(installed) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('installing npm packages');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(stamp, wanted);
}

/** A directory with initdb, postgres and pg_dump of one version. */
function findServer() {
  const globs = [
    ['/usr/lib/postgresql', 'bin'],
    ['/opt/homebrew/opt', 'bin', /^postgresql@/],
    ['/usr/local/opt', 'bin', /^postgresql@/],
    ['/Applications/Postgres.app/Contents/Versions', 'bin'],
    ['/usr', 'bin', /^pgsql-/],
    ['/usr/libexec', '', /^postgresql\d/],
  ];
  const candidates = globs.flatMap(([folder, bin, pattern = /./]) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => pattern.test(name))
          .map((name) => join(folder, name, bin))
      : [],
  );
  candidates.push(
    '/usr/local/pgsql/bin',
    ...(process.env.PG_BINDIR ?? '').split(delimiter),
    ...(process.env.PATH ?? '').split(delimiter),
  );
  return candidates.find((folder) =>
    ['initdb', 'postgres', 'pg_dump', 'psql'].every((name) => existsSync(join(folder, name))),
  );
}

function installPrograms(missing, wantsServer) {
  const apt = [...missing.map((program) => program.apt), ...(wantsServer ? ['postgresql', 'postgresql-client'] : [])];
  const isDebian = existsSync('/etc/debian_version') && isOnPath('apt-get');
  if (isDebian && process.getuid?.() === 0) return aptInstall(apt, wantsServer);
  const needed = missing.filter(({ optional }) => !optional);
  if (needed.length === 0 && !wantsServer) return;
  const brew = [...missing.map((program) => program.brew), ...(wantsServer ? ['postgresql@17'] : [])];
  const command = isDebian
    ? `sudo apt-get update && sudo apt-get install -y ${apt.join(' ')}`
    : process.platform === 'darwin'
      ? `brew install ${brew.join(' ')}`
      : `install with your package manager: ${apt.join(', ')} (PostgreSQL’s server and client programs)`;
  fail(
    `missing on this machine: ${[...missing.map(({ name }) => name), ...(wantsServer ? ['PostgreSQL'] : [])].join(', ')}.`,
    `Run: ${command}`,
  );
}

function aptInstall(packages, wantsServer) {
  say(`installing ${packages.join(' ')}`);
  if (wantsServer) {
    // Debian would make and start a cluster of its own; ours are thrown away after each use.
    mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true });
    writeFileSync('/etc/postgresql-common/createcluster.d/respaldo.conf', 'create_main_cluster = false\n');
  }
  const apt = (...args) =>
    execFileSync('apt-get', ['-qq', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...packages);
}

/** The server that stands in for AWS. Tests that need it are skipped, loudly, where it cannot be had. */
function installMoto() {
  const folder = join(root, '.cache/moto');
  if (isOnPath('moto_server') || existsSync(join(folder, 'bin/moto_server'))) return;
  say('installing moto, which stands in for AWS');
  const run = (file, args) => spawnSync(file, args, { stdio: 'ignore', timeout: 300_000 }).status === 0;
  const installed =
    run('python3', ['-m', 'venv', folder]) &&
    run(join(folder, 'bin/pip'), ['install', '--quiet', 'moto[server]==5.2.*']);
  if (!installed) say('moto could not be installed: the tests against S3 will be SKIPPED');
}

/** The browser that looks at the report. Its tests are skipped, loudly, where it cannot be had. */
function installChromium() {
  if (browsers.some(isOnPath)) return;
  const isRootOnDebian = existsSync('/etc/debian_version') && isOnPath('apt-get') && process.getuid?.() === 0;
  if (isRootOnDebian) {
    say('installing chromium');
    const apt = (...args) =>
      spawnSync('apt-get', ['-qq', ...args], {
        stdio: 'ignore',
        timeout: 600_000,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    apt('update');
    apt('install', '-y', '--no-install-recommends', 'chromium', 'fonts-liberation');
  }
  if (!browsers.some(isOnPath)) say('there is no Chromium here: the tests of the report in a browser will be SKIPPED');
}

function isOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)));
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(problem, step) {
  process.stderr.write(`setup: ${problem}\nsetup: ${step}\n`);
  process.exit(2);
}

if (process.argv[1] === new URL(import.meta.url).pathname) setUp(process.argv[2] === 'demo' ? 'demo' : 'test');
