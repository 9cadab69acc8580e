import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '../core/errors.js';
import { documents } from '../tools/docs/render.js';

describe('the documents', () => {
  it.each(Object.entries(documents()))('%s says what the code does ("npm run docs" writes it)', async (path, text) => {
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it.each(Object.keys(errorCodes))('the runbook has a heading for %s', async (code) => {
    expect(await readFile('docs/runbook.md', 'utf8')).toMatch(new RegExp(`^#+ ${code}$`, 'm'));
  });
});
