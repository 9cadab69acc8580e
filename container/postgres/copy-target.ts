/** The bytes of a table's name, in whatever encoding a dump is, as hexadecimal digits. */
export interface RawName {
  readonly schema: string;
  readonly name: string;
}

/**
 * The table that a statement of pg_dump's takes rows into: `COPY public."Order" (id) FROM stdin;`, perhaps with comments
 * before it. Undefined for what is none.
 */
export function copyTarget(statement: Buffer): RawName | undefined {
  // One character a byte: the encoding is the database's own.
  const words = /^COPY (?:(\w+)|"((?:[^"]|"")+)")\.(?:(\w+)|"((?:[^"]|"")+)") /m.exec(statement.toString('latin1'));
  if (!words) return undefined;
  const [, schema, quotedSchema, name, quotedName] = words;
  return { schema: hex(schema, quotedSchema), name: hex(name, quotedName) };
}

function hex(plain: string | undefined, quoted: string | undefined): string {
  return Buffer.from(plain ?? quoted?.replaceAll('""', '"') ?? '', 'latin1').toString('hex');
}

export function keyOf({ schema, name }: RawName): string {
  return `${schema}.${name}`;
}
