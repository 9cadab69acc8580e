import type pg from 'pg';
import type { TableFacts } from '../core/manifest.js';
import { hashCopied } from './parallel/hash-copied.js';
import { type CopyTable, copyTables } from './parallel/tables.js';
import { fingerprintTables } from './postgres/fingerprint.js';
import type { Relation } from './postgres/relations.js';

/** A table that was restored, and how the dump looked at its rows. */
export interface RestoredTable {
  readonly relation: Relation;
  readonly dumped: Pick<TableFacts, 'hash' | 'copied'>;
}

/**
 * Counts and hashes what was restored in the way in which each table was when it was dumped, in the session's
 * transaction, which must be prepared for fingerprints.
 *
 * @param encoding the database's
 */
export async function fingerprintRestored(
  client: pg.Client,
  tables: readonly RestoredTable[],
  encoding: string,
): Promise<TableFacts[]> {
  const looked = (how: (dumped: RestoredTable['dumped']) => boolean) => tables.filter(({ dumped }) => how(dumped));
  const relationsOf = (chosen: readonly RestoredTable[]) => chosen.map(({ relation }) => relation);
  const counted = looked(({ hash }) => hash === undefined);
  const hashed = looked(({ hash, copied }) => hash !== undefined && copied === undefined);
  const copied = looked((dumped) => dumped.hash !== undefined && dumped.copied !== undefined);
  const ways = new Map(copied.map(({ relation, dumped }) => [relation.oid, dumped.copied]));
  const copyable = (await copyTables(client, relationsOf(copied))).map((table) => asDumped(table, ways.get(table.oid)));
  return [
    ...(await fingerprintTables(client, relationsOf(counted), 'counts')),
    ...(await fingerprintTables(client, relationsOf(hashed), 'full')),
    ...(await hashCopied(client, copyable, encoding)),
  ];
}

/** A table that has other columns than the dumped one is read as it is: its hash then tells that it differs. */
function asDumped(table: CopyTable, copied: TableFacts['copied']): CopyTable {
  if (!copied) return table;
  const present = new Set(table.columns);
  const isSame = copied.columns.length === present.size && copied.columns.every((name) => present.has(name));
  return isSame ? { ...table, format: copied.format, columns: copied.columns } : table;
}
