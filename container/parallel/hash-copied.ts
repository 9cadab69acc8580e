import type pg from 'pg';
import type { TableFacts } from '../../core/manifest.js';
import { sumOfHashes } from '../../core/parallel/row-hash.js';
import { sqlNames } from '../../core/postgres/sql-names.js';
import { CopyFrames } from './copy-frames.js';
import { CopyOut } from './copy-out.js';
import { type CopySource, copyOutStatement, prepareCopies } from './copy-source.js';
import { nothing } from './encoder.js';

/**
 * Counts and hashes whole tables as a parallel dump does while it copies them: one after the other, in the session's
 * transaction, the rows being read and thrown away.
 *
 * @param encoding that of the database that was dumped: the rows are hashed in it
 */
export async function hashCopied(
  client: pg.Client,
  tables: readonly Omit<CopySource, 'range'>[],
  encoding: string,
): Promise<TableFacts[]> {
  if (tables.length === 0) return [];
  const frames = new CopyFrames();
  const names = sqlNames(encoding);
  await prepareCopies(client, encoding);
  const hashed: TableFacts[] = [];
  for (const { schema, name, columns, format } of tables) {
    const sql = copyOutStatement({ schema, name, columns, format, range: null }, names);
    const stream = new CopyOut({ client, frames, encoder: nothing, hashed: format }, sql);
    stream.on('error', () => {}); // `copied` tells it
    stream.resume();
    await stream.copied;
    hashed.push({
      schema,
      name,
      rows: stream.rows,
      hash: sumOfHashes([stream.hashSum ?? '0']),
      copied: { format, columns: [...columns] },
    });
  }
  await client.query("SET LOCAL client_encoding = 'UTF8'"); // the driver's own
  return hashed;
}
