import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export type Fingerprints = ReadonlyMap<string, string>;

/** For every table its rows and a hash of them that does not depend on their order; and every sequence's value. */
export async function fingerprintDatabase(url: string): Promise<Fingerprints> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const prints = new Map<string, string>();
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT format('%I', relname) AS name FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace ORDER BY 1",
    );
    for (const { name } of tables) {
      const { rows } = await client.query<{ rows: string; hash: string }>(
        `SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS hash FROM ${name} t`,
      );
      prints.set(name, `${rows[0]?.rows} rows, hash ${rows[0]?.hash.slice(-12)}`);
    }
    const { rows: sequences } = await client.query<{ name: string; value: string }>(
      'SELECT sequencename AS name, last_value::text AS value FROM pg_sequences ORDER BY 1',
    );
    for (const { name, value } of sequences) prints.set(name, `at ${value}`);
    return prints;
  } finally {
    await client.end();
  }
}

/** One hash over the names and bytes of all files of a folder. */
export async function fingerprintFolder(folder: string): Promise<Fingerprints> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path.slice(folder.length)).update(await readFile(path));
  return new Map([['pictures', `${paths.length} files, hash ${hash.digest('hex').slice(0, 12)}`]]);
}

/** The names whose fingerprints differ, or that only one side has. */
export function differences(a: Fingerprints, b: Fingerprints): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
}
