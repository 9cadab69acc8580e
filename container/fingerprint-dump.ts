import type { DatabaseFacts, Fingerprint, TableFacts } from '../core/manifest.js';
import { type FingerprintMode, fingerprintMode, sequenceBounds } from '../core/postgres/fingerprint.js';
import type { DumpJob } from './dump-job.js';
import { fingerprintRest, fingerprintTables, prepareFingerprints, sequences } from './postgres/fingerprint.js';
import type { Relation } from './postgres/relations.js';
import { selectionArguments } from './postgres/selection.js';

/** PostgreSQL's own 64-bit hashes came with 11. */
const hashesFrom = 11;

/** What is remembered of the rows, by the setting, the database's size and what its server can. */
export function modeFor({ run, server }: DumpJob, databaseBytes: number): FingerprintMode {
  const mode = fingerprintMode(run.settings.BACKUP_FINGERPRINT, databaseBytes);
  return mode === 'full' && Number.parseInt(server, 10) < hashesFrom ? 'counts' : mode;
}

export interface TakenFingerprint {
  /** In the order of the tables given. */
  readonly tables: readonly TableFacts[];
  /** Undefined where only rows are counted, or only some tables are dumped. */
  readonly rest: Fingerprint | undefined;
}

/** Looks at the very snapshot that is dumped, in the session that holds it. */
export async function takeFingerprint(
  { snapshot, options }: DumpJob,
  tables: readonly Relation[],
  mode: FingerprintMode,
): Promise<TakenFingerprint> {
  await prepareFingerprints(snapshot.client);
  const isWhole = selectionArguments(options.selection).length === 0;
  const rest = mode === 'full' && isWhole ? await fingerprintRest(snapshot.client) : undefined;
  return { rest, tables: await fingerprintTables(snapshot.client, tables, mode) };
}

/** To be called when everything is dumped: sequences have run on meanwhile. */
export async function closeFingerprint(
  { snapshot }: DumpJob,
  { rest }: TakenFingerprint,
): Promise<Pick<DatabaseFacts, 'fingerprint'>> {
  if (!rest) return {};
  return { fingerprint: { ...rest, sequences: sequenceBounds(rest.sequences, await sequences(snapshot.client)) } };
}
