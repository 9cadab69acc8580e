/** How a column's values are hashed, as far as the type decides it. */
export interface HashedColumn {
  /** Quoted as an identifier. */
  readonly quoted: string;
  /** The type's own name in pg_catalog; for a domain that of its base type. Anything else is hashed by its text. */
  readonly type: string;
}

/**
 * PostgreSQL's own 64-bit hashes of a value, which depend on the value alone: not on settings, physical order or the
 * version (hash partitioning relies on that from 11 on). `$` is the column, `#` a seed. Types that are not listed are
 * hashed by their text, in a session whose settings fix it; enums and arrays among them, whose own hashes are of oids.
 */
const byType: Readonly<Record<string, string>> = {
  bool: 'hashint4extended($::int4, #)',
  int2: 'hashint2extended($, #)',
  int4: 'hashint4extended($, #)',
  int8: 'hashint8extended($, #)',
  oid: 'hashoidextended($, #)',
  float4: 'hashfloat4extended($, #)',
  float8: 'hashfloat8extended($, #)',
  numeric: 'hash_numeric_extended($, #)',
  // Under a nondeterministic collation it would be a hash of the collation's own keys, which its version decides.
  text: 'hashtextextended($ COLLATE "C", #)',
  varchar: 'hashtextextended($ COLLATE "C", #)',
  name: 'hashnameextended($, #)',
  bytea: 'hashtextextended(md5($), #)',
  // Its text depends on lc_monetary.
  money: 'hashtextextended(md5(cash_send($)), #)',
  uuid: 'uuid_hash_extended($, #)',
  jsonb: 'jsonb_hash_extended($, #)',
  timestamp: 'timestamp_hash_extended($, #)',
  // The session's zone is UTC, so this cast changes nothing but the type.
  timestamptz: 'timestamp_hash_extended($::timestamp, #)',
  time: 'time_hash_extended($, #)',
  inet: 'hashinetextended($, #)',
};

/**
 * An expression that is a row's 64-bit hash: the columns' hashes, each with a seed of its own, brought together and
 * hashed again. So it shows values that changed places between columns or between rows, although rows are then summed
 * up in any order.
 */
export function rowHash(columns: readonly HashedColumn[]): string {
  if (columns.length === 0) return '0::int8';
  const hashes = columns.map(({ quoted, type }, index) => {
    const hash = byType[type] ?? 'hashtextextended($::text COLLATE "C", #)';
    // A null has a hash of its own, so that it differs from every value and from a null elsewhere.
    return `coalesce(${hash.replace('#', String(index + 1)).replace('$', () => quoted)}, ${-(index + 1) * 7919})`;
  });
  return `hashint8extended(${hashes.join(' # ')}, 0)`;
}

/** Sums of row hashes, in decimal as the server gives them, brought together: modulo 2^64, as sixteen hexadecimal digits. */
export function sumOfHashes(sums: readonly string[]): string {
  const total = sums.reduce((sum, each) => sum + BigInt(each), 0n);
  return BigInt.asUintN(64, total).toString(16).padStart(16, '0');
}
