import type { DatabaseFacts, Fingerprint, TableFacts } from '../manifest.js';

/** How much of a database is hashed while it is dumped. */
export const fingerprintModes = ['full', 'counts', 'off'] as const;
export type FingerprintMode = (typeof fingerprintModes)[number];

/** Above this size a database's rows are only counted, unless the setting asks for more. */
const fullUpTo = 20 * 1024 ** 3;

/** What is set, or what a database of that size can afford. */
export function fingerprintMode(setting: FingerprintMode | undefined, databaseBytes: number): FingerprintMode {
  return setting ?? (databaseBytes <= fullUpTo ? 'full' : 'counts');
}

/** What a comparison looked at, and what it found. */
export interface Comparison {
  readonly tables: number;
  readonly rows: number;
  /** Tables whose rows were compared one by one, by their hashes. */
  readonly hashed: number;
  readonly sequences: number;
  readonly largeObjects: number;
  readonly objects: number;
  /** One line each; empty where all is equal. */
  readonly differences: readonly string[];
}

/** Compares what was dumped with what was restored. Tables whose rows were not dumped are not looked at. */
export function compareFingerprints(
  dumped: Pick<DatabaseFacts, 'tables' | 'fingerprint'>,
  restored: { readonly tables: readonly TableFacts[]; readonly fingerprint?: Fingerprint | undefined },
): Comparison {
  const expected = dumped.tables.filter(({ rows }) => rows !== undefined);
  const actual = new Map(restored.tables.map((table) => [nameOf(table), table]));
  const before = dumped.fingerprint;
  const after = restored.fingerprint;
  const rest = before && after ? compareRest(before, after) : [];
  return {
    tables: expected.length,
    rows: expected.reduce((sum, { rows = 0 }) => sum + rows, 0),
    hashed: expected.filter((table) => table.hash !== undefined && actual.get(nameOf(table))?.hash !== undefined)
      .length,
    sequences: before && after ? Object.keys(before.sequences).length : 0,
    largeObjects: before && after ? before.largeObjects.count : 0,
    objects: before && after ? Object.keys(before.objects).length : 0,
    differences: [...expected.flatMap((table) => compareTable(table, actual.get(nameOf(table)))), ...rest],
  };
}

function nameOf({ schema, name }: TableFacts): string {
  return JSON.stringify([schema, name]);
}

function compareTable(dumped: TableFacts, restored: TableFacts | undefined): string[] {
  const name = `${dumped.schema}.${dumped.name}`;
  if (!restored) return [`table ${name} is missing`];
  if (restored.rows !== dumped.rows)
    return [`table ${name}: ${dumped.rows} rows were backed up, ${restored.rows} restored`];
  if (dumped.hash !== undefined && restored.hash !== undefined && dumped.hash !== restored.hash)
    return [`table ${name}: ${dumped.rows} rows, but not the ones that were backed up`];
  return [];
}

function compareRest(dumped: Fingerprint, restored: Fingerprint): string[] {
  return [
    ...compareNamed('sequence', dumped.sequences, restored.sequences, isWithin, (value) => `stands at ${value}`),
    ...(dumped.largeObjects.count === restored.largeObjects.count &&
    dumped.largeObjects.hash === restored.largeObjects.hash
      ? []
      : [`large objects: ${dumped.largeObjects.count} were backed up, ${restored.largeObjects.count} restored`]),
    ...compareNamed(
      '',
      dumped.objects,
      restored.objects,
      (a, b) => a === b,
      () => 'is defined differently',
    ),
  ];
}

function compareNamed(
  kind: string,
  dumped: Readonly<Record<string, string>>,
  restored: Readonly<Record<string, string>>,
  equal: (dumped: string, restored: string) => boolean,
  describe: (restored: string) => string,
): string[] {
  const label = (name: string) => (kind === '' ? name : `${kind} ${name}`);
  const wrong = Object.entries(dumped).flatMap(([name, value]) => {
    const found = restored[name];
    if (found === undefined) return [`${label(name)} is missing`];
    return equal(value, found) ? [] : [`${label(name)} ${describe(found)}${kind === '' ? '' : `, not ${value}`}`];
  });
  const extra = Object.keys(restored).filter((name) => dumped[name] === undefined);
  return [...wrong, ...extra.map((name) => `${label(name)} was not in the backup`)];
}

/**
 * Sequences do not keep to snapshots: while a database is dumped they run on. A dump may hold any state between the one
 * before and the one after it, written `5..9`.
 */
function isWithin(dumped: string, restored: string): boolean {
  const [from = '', to] = dumped.split('..');
  if (to === undefined || restored === from || restored === to) return restored === (to ?? from) || restored === from;
  const value = /^-?\d+/.exec(restored)?.[0];
  const bounds = [from, to].map((bound) => BigInt(/^-?\d+/.exec(bound)?.[0] ?? 0));
  if (value === undefined) return false;
  const [low = 0n, high = 0n] = bounds.sort((a, b) => (a < b ? -1 : 1));
  return BigInt(value) >= low && BigInt(value) <= high;
}

/** The states of sequences before and after the dump, as one. */
export function sequenceBounds(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(before).map(([name, state]) => {
      const later = after[name] ?? state;
      return [name, later === state ? state : `${state}..${later}`];
    }),
  );
}
