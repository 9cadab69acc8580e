import { createHash } from 'node:crypto';
import { link, lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Everything in a folder, by its name in Latin-1 (names are bytes): kind, mode, time to the second, and a file's bytes or
 * where a link leads.
 */
export async function treeOf(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  const visit = async (path: string): Promise<void> => {
    const at = Buffer.concat([Buffer.from(folder), Buffer.from(path, 'latin1')]);
    const stats = await lstat(at);
    const what = stats.isDirectory()
      ? 'folder'
      : stats.isSymbolicLink()
        ? `-> ${(await readlink(at, { encoding: 'buffer' })).toString('latin1')}`
        : `${stats.size} bytes ${createHash('sha256')
            .update(await readFile(at))
            .digest('hex')
            .slice(0, 12)}`;
    tree[path] = `${(stats.mode & 0o7777).toString(8)} ${Math.floor(stats.mtimeMs / 1000)} ${what}`;
    if (!stats.isDirectory()) return;
    for (const name of await readdir(at, { encoding: 'buffer' })) await visit(`${path}/${name.toString('latin1')}`);
  };
  await visit('');
  return tree;
}

/** A folder with everything that a media folder could hold, and names that break careless programs. */
export async function makeTree(folder: string): Promise<void> {
  const names = [
    'plain.txt',
    'line\nbreak',
    '-rf',
    'ü 覚 \u2028',
    'a -> b',
    'quo\'te "$(touch x)" \\ \t',
    'x'.repeat(250),
  ];
  for (const where of ['.', 'deep', `deep/${'d'.repeat(120)}/${'e'.repeat(120)}`, ' folder\n']) {
    await mkdir(join(folder, where), { recursive: true });
    for (const [index, name] of names.entries()) {
      await writeFile(join(folder, where, name), Buffer.alloc(index * 700, `${where}${name}`), { mode: 0o600 + index });
    }
  }
  await writeFile(Buffer.concat([Buffer.from(`${folder}/bytes `), Buffer.from([0xff, 0xc3, 0x28])]), 'no UTF-8');
  await writeFile(join(folder, 'large'), Buffer.alloc(3_000_000, 'large'));
  await mkdir(join(folder, 'empty'), { mode: 0o2750 });
  await symlink('plain.txt', join(folder, 'link'));
  await symlink('../plain.txt', join(folder, 'deep', 'li\nnk'));
  await link(join(folder, 'plain.txt'), join(folder, 'deep', 'second name'));
  await utimes(join(folder, 'plain.txt'), 1_000_000_000, 1_000_000_000);
  await utimes(join(folder, 'empty'), 1_100_000_000, 1_100_000_000);
}
