import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../core/errors.js';
import { documents } from '../tools/docs/render.js';

describe('the documents', () => {
  it.each(Object.entries(documents()))('%s says what the code does ("npm run docs" writes it)', async (path, text) => {
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('no page holds the marks of a merge that was not finished', async () => {
    const pages = (await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
    for (const page of [...pages, 'README.md', 'CHANGELOG.md']) {
      expect(await readFile(page, 'utf8'), page).not.toMatch(/^(?:<{7} |>{7} |={7}$)/m);
    }
  });

  // Merges keep the lines of both sides: what one side has put in other words or places would stand there twice.
  it('each change is told once', async () => {
    const lines = (await readFile('CHANGELOG.md', 'utf8')).split('\n').filter((line) => line.startsWith('- '));
    const begun = lines.map((line) => line.slice(0, 60));
    expect(begun.filter((line, at) => begun.indexOf(line) !== at)).toEqual([]);
  });

  it.each(Object.keys(errorCodes))('the runbook has a heading for %s', async (code) => {
    expect(await readFile('docs/runbook.md', 'utf8')).toMatch(new RegExp(`^#+ ${code}$`, 'm'));
  });
});

describe('who reads on', async () => {
  const names = (await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const pages = new Map<string, string>();
  for (const name of [...names, 'README.md', 'CHANGELOG.md']) pages.set(name, await readFile(name, 'utf8'));
  /** As GitHub makes them of headings. */
  const anchorsOf = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );

  it.each([...pages])('every link of %s leads somewhere', async (page, text) => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    for (const [link, path = '', anchor] of links) {
      const target = path === '' ? page : join(dirname(page), path);
      await expect(access(target), `${page}: ${link}`).resolves.toBeUndefined();
      if (anchor) expect(anchorsOf(pages.get(target) ?? ''), `${page}: ${link}`).toContain(anchor);
    }
  });

  it.each(['core', 'container'])('finds every folder of %s in the design', async (part) => {
    const [, house = ''] = new RegExp(`^${part}/ (.*?)^(?=\\w)`, 'ms').exec(pages.get('docs/design.md') ?? '') ?? [];
    const named = [...house.matchAll(/(?:^| )([a-z]+)\/ /gm)].map(([, folder]) => folder);
    const folders = (await readdir(part, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    expect(named.filter((name) => name !== 'view').sort()).toEqual(folders.map(({ name }) => name).sort());
  });
});

describe('the page of promises', async () => {
  const text = await readFile('docs/promises.md', 'utf8');
  const named = [...text.matchAll(/\]\(\.\.\/(test\/[^)]+)\)/g)].map(([, path]) => path as string);

  it.each([...new Set(named)])('%s is a test', async (path) => {
    expect(path).toMatch(/\.test\.ts$/);
    expect(await readFile(path, 'utf8')).toMatch(/\bit(?:\.\w+)?[.(]/);
  });

  it('names a test for every promise, and the README leads to it', async () => {
    const promises = text.split('\n').filter((line) => line.startsWith('| ') && line.endsWith('.test.ts) |'));
    expect(promises.length).toBeGreaterThan(15);
    expect(await readFile('README.md', 'utf8')).toContain('(docs/promises.md)');
  });
});
