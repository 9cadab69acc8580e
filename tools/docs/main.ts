// Writes the generated documents: `npm run docs`.
import { writeFile } from 'node:fs/promises';
import { documents } from './render.js';

for (const [path, text] of Object.entries(documents()))
  await writeFile(new URL(`../../${path}`, import.meta.url), text);
