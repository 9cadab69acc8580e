import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { assertUniqueKeys } from '../../infra/settings/duplicate-keys.js';
import { shipped } from '../support/aws/stack.js';
import { temporaryFolder } from '../support/folders.js';

describe('a key that stands twice in cdk.json', () => {
  it('is told with its line: JSON would pass over the first without a word', () => {
    const json =
      '{\n\t"context": { "environments": {\n\t\t"prod": {\n\t\t\t"databases": [1],\n\t\t\t"zone": "UTC",\n\t\t\t"databases": [2]\n} } } }';
    expect(() => assertUniqueKeys(json)).toThrow(
      'cdk.json, line 6: "databases" stands there twice, and the first is passed over',
    );
  });

  it('is told of several, a line each', () => {
    expect(() => assertUniqueKeys('{ "a": 1, "a": 2,\n "b": {}, "b": {} }')).toThrow(
      /^2 keys of cdk\.json stand there twice:\n {2}cdk\.json, line 1: "a" .*\n {2}cdk\.json, line 2: "b" /,
    );
  });

  it.each([
    ['as it is shipped', readFileSync('cdk.json', 'utf8')],
    ['with the same key in two objects', '{ "a": { "b": 1 }, "c": { "b": 1 } }'],
    ['with what YAML reads in another way', '{ "a": "yes # no", "b": "\\u0061: - &x *x", "1": 1, "": [] }'],
    ['that is none: the CDK tells that', '{ "a": '],
  ])('is not found in one %s', (_, json) => {
    expect(() => assertUniqueKeys(json)).not.toThrow();
  });
});

it('a wrong cdk.json ends in 2, with a line and a hint and no stack', { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'cdk.json'), '{ "context": {}, "context": {} }');
  const root = new URL('../..', import.meta.url).pathname;
  const { exitCode, stderr } = await execa(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), `${root}infra/main.ts`],
    {
      cwd: folder,
      env: { CDK_CONTEXT_JSON: JSON.stringify({ ...shipped, env: 'prod' }), NODE_NO_WARNINGS: '1' },
      reject: false,
    },
  );
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(
      /^ERROR SETTINGS_INVALID: cdk\.json, line 1: "context" stands there twice, .*\nHINT: Take one of the two out, .*$/,
    ),
  });
});
