import type pg from 'pg';
import type { TableFacts } from '../core/manifest.js';
import { hashCopied } from './parallel/hash-copied.js';
import { copyTables } from './parallel/tables.js';
import { fingerprintTables } from './postgres/fingerprint.js';
import type { Relation } from './postgres/relations.js';

/** A table that was restored, and how the dump looked at its rows. */
export interface RestoredTable {
  readonly relation: Relation;
  readonly dumped: Pick<TableFacts, 'hash' | 'form'>;
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
  const hashed = looked(({ hash, form }) => hash !== undefined && form === undefined);
  const copied = looked(({ hash, form }) => hash !== undefined && form !== undefined);
  const forms = new Map(copied.map(({ relation, dumped }) => [relation.oid, dumped.form]));
  // The form that the dump chose, which a later version of this program might choose otherwise.
  const copyable = (await copyTables(client, relationsOf(copied))).map((table) => ({
    ...table,
    format: forms.get(table.oid) ?? table.format,
  }));
  return [
    ...(await fingerprintTables(client, relationsOf(counted), 'counts')),
    ...(await fingerprintTables(client, relationsOf(hashed), 'full')),
    ...(await hashCopied(client, copyable, encoding)),
  ];
}
