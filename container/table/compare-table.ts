import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import type { TableFacts } from '../../core/manifest.js';
import { sumOfHashes } from '../../core/row-hash.js';
import { keyOf } from '../../core/table/tokens.js';
import { fingerprintTables, prepareFingerprints } from '../postgres/fingerprint.js';
import type { TableRestorePlan } from './plan-table-restore.js';
import type { WrittenTable } from './table-writer.js';

/** How a table was compared with what the manifest says of it. */
export type TableComparison = 'row by row' | 'by number of rows' | 'with nothing';

/**
 * Compares what stands in the table now, in the transaction that made it, with the manifest.
 *
 * @throws OperatorError COMPARISON_DIFFERS
 */
export async function compareTable(
  client: pg.Client,
  { found, as, server }: TableRestorePlan,
  { rowsOf, rows }: WrittenTable,
): Promise<TableComparison> {
  const wanted = new Set(rowsOf.map(keyOf));
  const facts = found.manifest?.database;
  const expected = facts?.tables.filter((table) => wanted.has(keyOf(table)) && table.rows !== undefined) ?? [];
  if (expected.length === 0) return 'with nothing';
  // The text of some values depends on the server's version, so their hash does.
  const sameMajor = Number.parseInt(facts?.serverVersion ?? '', 10) === server.major;
  const hash = sameMajor ? hashOf(expected) : undefined;
  await prepareFingerprints(client);
  const [restored] = await fingerprintTables(client, [as], hash === undefined ? 'counts' : 'full');
  const count = expected.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const name = `${found.id}: table ${as.schema}.${as.name}`;
  if (rows !== count || restored?.rows !== count)
    throw differs(`${name}: ${count} rows were backed up, ${restored?.rows} restored`);
  if (hash !== undefined && restored.hash !== hash)
    throw differs(`${name}: ${count} rows, but not the ones that were backed up`);
  return hash === undefined ? 'by number of rows' : 'row by row';
}

/** Of all partitions together: rows are summed up in any order. */
function hashOf(tables: readonly TableFacts[]): string | undefined {
  const hashes = tables.flatMap(({ hash }) => (hash === undefined ? [] : [String(BigInt(`0x${hash}`))]));
  return hashes.length === tables.length ? sumOfHashes(hashes) : undefined;
}

function differs(message: string): OperatorError {
  return new OperatorError(
    'COMPARISON_DIFFERS',
    message,
    'Nothing was changed. Use another backup (respaldo list) and report this one.',
  );
}
