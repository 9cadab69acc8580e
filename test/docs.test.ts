import { readdir, readFile } from 'node:fs/promises';
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

  it.each(Object.keys(errorCodes))('the runbook has a heading for %s', async (code) => {
    expect(await readFile('docs/runbook.md', 'utf8')).toMatch(new RegExp(`^#+ ${code}$`, 'm'));
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
