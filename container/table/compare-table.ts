import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import { OperatorError } from '../../core/errors.js';
import type { TableFacts } from '../../core/manifest.js';
import { sumOfHashes } from '../../core/parallel/row-hash.js';
import { keyOf } from '../../core/table/tokens.js';
import { fingerprintRestored } from '../fingerprint-restored.js';
import { prepareFingerprints } from '../postgres/fingerprint.js';
import { relations } from '../postgres/relations.js';
import type { TableComparison } from '../results.js';
import type { TableRestorePlan } from './plan-table-restore.js';
import type { WrittenTable } from './table-writer.js';

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
  const hashed = sameMajor || expected.every(({ copied }) => copied?.format === 'binary') ? hashOf(expected) : {};
  await prepareFingerprints(client);
  const relation = (await relations(client)).find((each) => keyOf(each) === keyOf(as));
  const encoding = facts?.encoding ?? '';
  const [restored] = relation ? await fingerprintRestored(client, [{ relation, dumped: hashed }], encoding) : [];
  const count = expected.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const name = `${found.id}: table ${as.schema}.${as.name}`;
  if (rows !== count || restored?.rows !== count)
    throw differs(`${name}: ${count} rows were backed up, ${restored?.rows} restored`);
  if (hashed.hash !== undefined && restored.hash !== hashed.hash)
    throw differs(`${name}: ${count} rows, but not the ones that were backed up`);
  return hashed.hash === undefined ? 'by number of rows' : 'row by row';
}

/** Of all partitions together, if they were hashed in one way: rows are summed up in any order. */
function hashOf(tables: readonly TableFacts[]): Pick<TableFacts, 'hash' | 'copied'> {
  const copied = tables[0]?.copied;
  const hashes = tables.flatMap(({ hash }) => (hash === undefined ? [] : [String(BigInt(`0x${hash}`))]));
  if (hashes.length < tables.length || tables.some((table) => !isDeepStrictEqual(table.copied, copied))) return {};
  return { hash: sumOfHashes(hashes), ...(copied ? { copied } : {}) };
}

function differs(message: string): OperatorError {
  return new OperatorError(
    'COMPARISON_DIFFERS',
    message,
    'Nothing was changed. Use another backup (respaldo list) and report this one.',
  );
}
