// Bundles the program into dist/: a start takes a third of the time, and the image needs no node_modules.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const dist = `${root}dist/`;
await rm(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    respaldo: 'container/main.ts',
    index: 'container/service.ts',
    'load-thread': 'container/parallel/load-thread.ts',
    'dump-thread': 'container/parallel/dump-thread.ts',
    'gzip-worker': 'container/streams/gzip-worker.ts',
    'tar-listing': 'container/media/tar-listing.ts',
    'dump-rows': 'container/postgres/dump-rows.ts',
  },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  // Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  // Beside the entry points, because programs that are started by path are looked for beside the code that starts them.
  chunkNames: 'chunk-[hash]',
  // koffi brings a binary; pg-native is optional and not used. Sentry becomes a chunk, loaded only where a DSN is set.
  external: ['koffi', 'pg-native'],
  banner: {
    js: [
      "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
      // Node 21 and later have it. Without it pg asks Response what runs it, which loads all of fetch, in each thread.
      "globalThis.navigator ??= { userAgent: 'Node.js/' + process.versions.node };",
    ].join(' '),
  },
  logLevel: 'warning',
});
// What is done for each row, in JavaScript, would cost a call for each row.
for (const module of ['frames', 'text-rows']) {
  execFileSync(
    process.execPath,
    [
      'node_modules/assemblyscript/bin/asc.js',
      `container/wasm/${module}.ts`,
      ...['--outFile', `dist/${module}.wasm`, '-O3', '--runtime', 'stub', '--noAssert', '--initialMemory', '40'],
      ...['--memoryBase', '0', '--enable', 'simd'],
    ],
    { cwd: root, stdio: 'inherit' },
  );
}
// The types of the package's main export, and of what it mentions: tsc writes those of every file that it reads.
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'], {
  cwd: root,
  stdio: 'inherit',
});
const mentioned = new Set();
mention(`${dist}types/container/service.d.ts`);
for (const entry of await readdir(`${dist}types`, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !mentioned.has(path)) await rm(path);
}
await chmod(`${dist}respaldo.js`, 0o755);

function mention(path) {
  if (mentioned.has(path)) return;
  mentioned.add(path);
  for (const [, name] of readFileSync(path, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g))
    mention(join(dirname(path), `${name}.d.ts`));
}
