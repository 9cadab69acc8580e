import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { extractTar } from '../../container/media/extract.js';
import { temporaryFolder } from '../support/folders.js';
import { treeOf } from '../support/tree.js';
import { fuzzRuns, onlyTold } from './only-told.js';

interface Given extends Partial<Header> {
  readonly name: string;
  readonly body: string;
}

const part = fc.constantFrom('..', '.', '', 'a', 'b', 'c', 'here', 'x'.repeat(120), 'ü', ' ', '\\', '-rf', '\n');
const path = fc.oneof(
  fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/')),
  fc.constantFrom('/', '/respaldo-fuzz-evil', '../outside/here', 'a/../../outside/here', './../outside/new', '..'),
);
const type = fc.constantFrom(
  'file',
  'file',
  'directory',
  'symlink',
  'link',
  'character-device',
  'fifo',
  'contiguous-file',
  'pax-header',
);
const entry = fc.record({
  name: path,
  type,
  linkname: path,
  body: fc.string({ maxLength: 700 }),
  mode: fc.constantFrom(0o644, 0o4755, 0o777, 0),
  pax: fc.option(
    fc.dictionary(
      fc.constantFrom('path', 'linkpath', 'GNU.sparse.name', 'size', 'mtime', 'uid'),
      fc.oneof(path, fc.constantFrom('9'.repeat(30), '-1')),
    ),
    { nil: undefined },
  ),
});

async function tarOf(entries: readonly object[]): Promise<Buffer> {
  const tar = pack();
  for (const { body, pax, ...header } of entries as (Given & { pax?: Record<string, string> })[]) {
    const hasBody = header.type === 'file' || header.type === 'contiguous-file';
    // What tar-stream itself refuses to write is not made.
    try {
      tar.entry({ ...header, ...(pax ? { pax } : {}) } as Header, hasBody ? body : '');
    } catch {}
  }
  tar.finalize();
  return buffer(tar as unknown as Readable);
}

/** A folder to extract into, beside one that must stay as it is. */
async function extractBeside(area: string, tar: Buffer, expected?: { files: number; bytes: number }): Promise<void> {
  const folder = await mkdtemp(join(area, 'into-'));
  try {
    await onlyTold(() => extractTar(Readable.from([tar], { objectMode: false }), { folder, expected }));
    if (!expected) return;
    const written = Object.values(await treeOf(folder)).reduce(
      (sum, what) => sum + Number(/ (\d+) bytes/.exec(what)?.[1] ?? 0),
      0,
    );
    expect(written).toBeLessThanOrEqual(expected.bytes * Math.max(1, expected.files));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function area(): Promise<{ area: string; outside: string }> {
  const inside = await temporaryFolder();
  const outside = join(inside, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'here'), 'as it was');
  return { area: inside, outside };
}

describe('whatever a tar holds, nothing but a message comes out, and nothing is written outside', {
  timeout: 300_000,
}, () => {
  it('entries of any name, kind and header', async () => {
    const { area: where } = await area();
    const before = await treeOf(where);
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 8 }), fc.boolean(), async (entries, vouched) => {
        await extractBeside(where, await tarOf(entries), vouched ? { files: 5, bytes: 1_000 } : undefined);
        expect(withoutTimes(await treeOf(where))).toEqual(withoutTimes(before));
      }),
      fuzzRuns(250),
    );
    for (const folder of ['/', tmpdir()]) expect(await readdir(folder)).not.toContain('respaldo-fuzz-evil');
  });

  it('a size that no disk has', async () => {
    const { area: where } = await area();
    const tar = await tarOf([
      { name: 'x', type: 'file', body: '', pax: { size: '9'.repeat(30), path: 'here' } },
      { name: 'y', type: 'file', body: '' },
    ]);
    await extractBeside(where, tar);
  });

  it('a good one with any of its bytes changed, or cut anywhere', async () => {
    const { area: where } = await area();
    const before = await treeOf(where);
    const good = await tarOf([
      { name: 'a', type: 'directory', body: '' },
      { name: 'a/file', type: 'file', body: 'x'.repeat(600) },
      { name: 'a/link', type: 'symlink', linkname: 'file', body: '' },
      { name: `${'long/'.repeat(30)}name`, type: 'file', body: 'y' },
    ]);
    const change = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(change, fc.nat({ max: good.length }), fc.boolean(), async (changes, length, isCut) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        await extractBeside(where, isCut ? bytes.subarray(0, length) : bytes, { files: 10, bytes: 5_000 });
        expect(withoutTimes(await treeOf(where))).toEqual(withoutTimes(before));
      }),
      fuzzRuns(250),
    );
  });
});

/** What was extracted is gone again, which changes the folder's own time only. */
function withoutTimes(tree: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).map(([path, what]) => [path, path === '' ? '' : what]));
}
