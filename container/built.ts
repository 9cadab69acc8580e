import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where a file of the build is: beside the bundle, or for a program that is not bundled, where the build has put it. */
export function builtFile(name: string): string {
  const places = [`./${name}`, `../dist/${name}`].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const file = places.find((place) => existsSync(place));
  if (!file) throw new Error(`${places[0]} is missing: build it with "npm run build"`);
  return file;
}
