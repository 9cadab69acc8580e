/**
 * Types whose binary form in COPY has not changed since PostgreSQL 9.6: the `…_send` and `…_recv` functions in
 * src/backend/utils/adt are the same in REL9_6_STABLE and REL_18_STABLE but for their wording. Left out are those whose
 * form depends on the server (oids of user types in arrays, records and ranges), on settings (xml), or came later.
 */
const binaryTypes: ReadonlySet<string> = new Set([
  ...['bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid', 'money'],
  ...['text', 'varchar', 'bpchar', 'char', 'name', 'bytea', 'uuid', 'json', 'jsonb', 'bit', 'varbit'],
  ...['date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'],
  ...['inet', 'cidr', 'macaddr', 'point', 'lseg', 'path', 'box', 'polygon', 'line', 'circle'],
]);

/** How a column's values are made, as far as their form on the wire depends on it. */
export interface ColumnType {
  /** The type's own name in pg_catalog; for a domain that of its base type, for an array that of its elements. */
  readonly base: string;
  /** `base` is one of PostgreSQL's own types. */
  readonly builtIn: boolean;
  readonly isEnum: boolean;
  readonly isArray: boolean;
}

/**
 * Whether a column may travel in binary form. An enum's value is sent as its label, an array names its elements' type by
 * oid, which is the same everywhere only for PostgreSQL's own types.
 */
export function isBinarySafe({ base, builtIn, isEnum, isArray }: ColumnType): boolean {
  if (isEnum) return !isArray;
  return builtIn && binaryTypes.has(base);
}
