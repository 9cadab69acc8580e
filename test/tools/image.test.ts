import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folders.js';

it.each([
  { title: 'the common image, by its name', given: [], tags: ['respaldo'] },
  {
    title: 'the one for drills, which leaves the common one its name',
    given: ['--build-arg', 'PG_PROGRAMS=server', '--tag', 'respaldo-drill'],
    tags: ['respaldo-drill'],
  },
])('npm run image builds $title', async ({ given, tags }) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'docker'), '#!/bin/sh\necho "$*"\n', { mode: 0o755 });
  const { stdout } = await execa(process.execPath, ['tools/image.mjs', ...given], { env: { PATH: folder } });
  expect(stdout).toMatch(/^build --file container\/Dockerfile /);
  expect([...stdout.matchAll(/--tag (\S+)/g)].map(([, tag]) => tag)).toEqual(tags);
});
