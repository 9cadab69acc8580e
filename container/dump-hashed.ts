import { join } from 'node:path';
import type { TableFacts } from '../core/manifest.js';
import { sumOfHashes } from '../core/parallel/row-hash.js';
import type { FingerprintMode } from '../core/postgres/fingerprint.js';
import type { DumpJob } from './dump-job.js';
import type { StoreDump } from './dump-single.js';
import { type TakenFingerprint, takeFingerprint } from './fingerprint-dump.js';
import { DumpedRows } from './postgres/dumped-rows.js';
import { fingerprintTables } from './postgres/fingerprint.js';
import { qualified, type Relation } from './postgres/relations.js';
import { type StreamedTable, streamedTables } from './postgres/streamed-tables.js';

/**
 * Dumps into one archive. Rows are hashed on their way out of pg_dump: that costs less than having the server read them once
 * more, and vouches for what was really dumped. The server only counts them; where the two differ, nothing is kept.
 *
 * @throws OperatorError SOURCE_FAILED
 */
export async function dumpHashed(
  job: DumpJob,
  relations: readonly Relation[],
  mode: Exclude<FingerprintMode, 'off'>,
  store: StoreDump,
): Promise<TakenFingerprint> {
  const dumped = await DumpedRows.open(join(job.clients.directory, 'pg_dump'));
  try {
    const tables = await streamedTables(job.snapshot.client, relations);
    const fingerprint = askServer(job, tables, mode);
    fingerprint.catch(() => {}); // the archive waits for it and fails with it
    await store(fingerprint, dumped.filter(mode, job.options.format === 'custom' ? 'custom' : 'plain'));
    const { rest, tables: counted } = await fingerprint;
    const found = await dumped.read();
    for (const [index, table] of tables.entries()) {
      const facts = counted[index] as TableFacts;
      const { rows = 0, sum = '0' } = found.get(table.key) ?? {};
      if (rows !== facts.rows) {
        throw dumped.untrue(`its dump has ${rows} rows of ${qualified(table)}, where the server counted ${facts.rows}`);
      }
      if (!isHashedByText(table, mode)) continue;
      counted[index] = { ...facts, hash: sumOfHashes([sum]), copied: { format: 'text', columns: [...table.columns] } };
    }
    return { rest, tables: counted };
  } finally {
    await dumped.close();
  }
}

/** In the order given. */
async function askServer(
  job: DumpJob,
  tables: readonly StreamedTable[],
  mode: FingerprintMode,
): Promise<{ readonly rest: TakenFingerprint['rest']; readonly tables: TableFacts[] }> {
  const { rest } = await takeFingerprint(job, [], mode);
  const taken: TableFacts[] = [];
  for (const table of tables) {
    const asked = isHashedByText(table, mode) ? 'counts' : mode;
    taken.push(...(await fingerprintTables(job.snapshot.client, [table], asked)));
  }
  return { rest, tables: taken };
}

function isHashedByText({ isFixed }: StreamedTable, mode: FingerprintMode): boolean {
  return mode === 'full' && isFixed;
}
