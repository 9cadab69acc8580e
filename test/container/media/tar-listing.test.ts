import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.js';
import { makeTree, treeOf } from '../../support/tree.js';

/** Sends an archive through the program, as a pipe does. */
async function filter(archive: Buffer, isCut = false) {
  const path = join(await temporaryFolder(), 'listing');
  const file = await open(path, 'wx');
  const child = spawn(process.execPath, ['dist/tar-listing.js'], { stdio: ['pipe', 'pipe', 'pipe', file.fd] });
  const { stdin, stdout, stderr } = child as ChildProcessByStdio<Writable, Readable, Readable>;
  stdin.on('error', () => {}); // it may end before it has read all
  stdin.end(archive);
  const closed = once(child, 'close');
  if (isCut) stdout.destroy();
  const [output, said] = await Promise.all([isCut ? Buffer.alloc(0) : buffer(stdout), text(stderr)]);
  const [exitCode] = await closed;
  await file.close();
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return { exitCode, output, said, lines };
}

async function tarOf(folder: string): Promise<Buffer> {
  const { stdout } = await execa('tar', ['-c', '--format=gnu', '-C', folder, '.'], {
    encoding: 'buffer',
    maxBuffer: 100_000_000,
  });
  return Buffer.from(stdout);
}

describe('the program that lists an archive', () => {
  it('lets every byte through and tells of each entry', { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    await makeTree(folder);
    const archive = await tarOf(folder);
    const { exitCode, output, said, lines } = await filter(archive);
    expect({ exitCode, said }).toEqual({ exitCode: 0, said: '' });
    expect(archive.equals(output)).toBe(true);
    expect(lines).toHaveLength(Object.keys(await treeOf(folder)).length);
    const large = lines.map((line) => JSON.parse(line)).find(({ path }) => path === 'large');
    const sha256 = createHash('sha256').update(Buffer.alloc(3_000_000, 'large')).digest('hex');
    expect(large).toEqual({ path: 'large', type: 'file', size: 3_000_000, mode: expect.any(String), sha256 });
  });

  it.each([
    { what: 'what is no archive', change: () => Buffer.alloc(20_480, 'x') },
    { what: 'an archive that is cut', change: (archive: Buffer) => archive.subarray(0, 10_000) },
    { what: 'nothing', change: () => Buffer.alloc(0) },
  ])('fails on $what', { timeout: 120_000 }, async ({ change }) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), Buffer.alloc(30_000, 'x'));
    const { exitCode, said } = await filter(change(await tarOf(folder)));
    expect(exitCode).toBe(1);
    expect(said).toMatch(/cannot be read to its end/);
  });

  it('says as other programs do that nobody reads any more', { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), Buffer.alloc(30_000_000, 'x'));
    const { exitCode, said } = await filter(await tarOf(folder), true);
    expect(exitCode).toBe(1);
    expect(said).toMatch(/^write error: .*broken pipe/i);
  });
});
