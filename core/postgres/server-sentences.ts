/*
 * What PostgreSQL and its programs say without quoting a row: sentences that hold names, numbers and fixed words. Of what
 * stands here only these are known to be harmless, so a sentence that is missing is withheld, never told by mistake.
 */

/** A name, as messages quote it. */
const name = '"[^"\\n]{1,200}"';
/** A name that stands bare in messages about rights and functions, with the types of its arguments. */
const bare = '[\\w$]+(?:\\.[\\w$]+)*(?:\\([\\w\\s,."$\\[\\]]{0,300}\\))?';
/** Of a column or a literal: `timestamp with time zone`, `character varying(5)`, `public.mood`. */
const type = `(?:(?:bit|character) varying|double precision|(?:time|timestamp) with(?:out)? time zone|[\\w$]+(?:\\.[\\w$]+)?|${name})(?:\\([\\d, -]+\\))?(?:\\[\\])*`;
const kind =
  '(?:access method|aggregate|collation|column|constraint|conversion|data type|database|domain|event trigger|extension|foreign-data wrapper|foreign server|foreign table|function|index|language|large object|materialized view|operator|operator class|operator family|parameter|policy|procedure|publication|relation|role|routine|rule|schema|sequence|server|statistics object|subscription|system catalog|table|tablespace|text search (?:configuration|dictionary|parser|template)|transform|trigger|type|user|user mapping|view)';
const file = `file (?:${name}|segment ${name})`;
/** What strerror says. */
const reason =
  '(?:No space left on device|Permission denied|No such file or directory|Input/output error|Disk quota exceeded|Read-only file system|Too many open files(?: in system)?|Cannot allocate memory|Is a directory|File exists|Connection refused|Connection reset by peer|Connection timed out|Broken pipe|No route to host|Network is unreachable|Bad file descriptor)';
const place = `(?:of|for|on|in) (?:relation|table|type|schema|domain|database|access method) (?:${name}|${bare})`;

/** What stands before a sentence; several may follow one another. */
export const openings: readonly string[] = [
  '(?:psql|pg_restore|pg_dump|pg_dumpall|initdb|postgres):(?:<stdin>:\\d+:|-:\\d+:)? ',
  '(?:error|detail|warning|fatal|hint): ',
  '(?:ERROR|FATAL|PANIC): +',
  '(?:while (?:PROCESSING TOC|INITIALIZING|FINALIZING):)',
  // Its line ends with the names of an object, which are no data.
  'from TOC entry \\d+; \\d+ \\d+ [^\\n]*',
  '(?:could not execute query|query failed|error returned by PQputCopyData|error returned by PQputCopyEnd|Error message from server): ',
  `COPY failed for table ${name}: `,
  `connection to server (?:at ${name}(?: \\([\\d.:a-fA-F]+\\))?, port \\d+|on socket ${name}) failed: `,
  '(?:Is the server running [^\\n]*\\?)',
];

const plain: readonly string[] = [
  // Names that are missing, taken or out of reach
  `${kind} (?:${name}|${bare})(?: ${place})? (?:does not exist|already exists|is not unique|cannot be (?:cast|dropped|altered|changed)|is not accepting connections|is not currently accepting connections)`,
  `${kind} (?:${name}|${bare}) is being accessed by other users`,
  `extension ${name} is not available`,
  `extension ${name} must be installed in schema ${name}`,
  `could not open extension control ${file}: ${reason}`,
  `could not (?:load library|access ${file.replace('file ', 'file ')})(?: ${name})?: ${reason}`,
  `permission denied(?: for ${kind} (?:${name}|${bare})| to (?:create|drop|alter|set|grant|rename|terminate|change|copy|read|execute|COPY) (?:database|role|extension|parameter|function|schema|event trigger|subscription|owner|from a file|to or from an external program)(?: ${name})?)?`,
  `must be owner of ${kind} (?:${name}|${bare})`,
  `must (?:be|have) (?:able to SET ROLE|member of role|a member of role|superuser|privileges of role|the privileges of role)(?: ${name})?`,
  `unrecognized configuration parameter ${name}`,
  `invalid value for parameter ${name}`,
  `unsupported (?:frontend protocol|Unicode|format)`,
  `cannot drop ${kind} (?:${name}|${bare}) because (?:other objects depend on it|extension ${bare} requires it|it is required by the database system)`,
  `multiple primary keys for table ${name} are not allowed`,
  `there is no unique constraint matching given keys for referenced table ${name}`,
  `query would be affected by row-level security policy for table ${name}`,
  `cannot execute [A-Z ]{2,40} in a read-only transaction`,
  `cannot execute [A-Z ]{2,40} during recovery`,
  'no matching (?:tables|schemas|extensions) were found(?: for pattern)?',
  // Constraints
  `duplicate key value violates unique constraint ${name}`,
  `conflicting key value violates exclusion constraint ${name}`,
  `could not create (?:unique index|exclusion constraint) ${name}`,
  `insert or update on table ${name} violates foreign key constraint ${name}`,
  `update or delete on table ${name} violates (?:RESTRICT setting of )?foreign key constraint ${name}(?: on table ${name})?`,
  `null value in column ${name}(?: of relation ${name})? violates not-null constraint`,
  `column ${name} of (?:relation|table) ${name} contains null values`,
  `new row for relation ${name} violates (?:check constraint ${name}|partition constraint)`,
  `check constraint ${name} of relation ${name} is violated by some row`,
  `partition constraint of relation ${name} is violated by some row`,
  `no partition of relation ${name} found for row`,
  `value for domain ${type} violates check constraint ${name}`,
  `column ${name} of table ${name} contains values that violate the new constraint`,
  `domain ${type} does not allow null values`,
  `cannot insert (?:a non-DEFAULT value )?into column ${name}`,
  // What is wrong with a value, without the value
  `invalid input syntax for (?:type )?${type}`,
  `invalid input value for enum ${type}`,
  `value too long for type ${type}`,
  `malformed (?:array|record|range|multirange) literal`,
  `(?:integer|bigint|smallint|oid|date|timestamp|interval|interval field value|date/time field value|numeric) out of range`,
  'date/time field value out of range',
  'numeric field overflow',
  'division by zero',
  `invalid byte sequence for encoding ${name}`,
  'invalid memory alloc request size \\d+',
  `missing data for column ${name}`,
  'extra data after last expected column',
  'unexpected EOF in COPY data',
  'unterminated (?:CSV quoted field|quoted string|quoted identifier)',
  'COPY file signature not recognized',
  'invalid COPY file header(?: \\([a-z ]+\\))?',
  'row field count is -?\\d+, expected \\d+',
  'incorrect binary data format(?: in (?:function argument|bind parameter) \\d+)?',
  'invalid hexadecimal (?:digit|data: odd number of digits)',
  'bit string length \\d+ does not match type bit\\(\\d+\\)',
  `cannot cast type ${type} to ${type}`,
  `column ${name} is of type ${type} but expression is of type ${type}`,
  `column ${name} cannot be cast automatically to type ${type}`,
  'more than one row returned by a subquery used as an expression',
  'syntax error(?: at or near| at end of input)?',
  'invalid command',
  // Limits and resources
  'row is too big: size \\d+, maximum size \\d+',
  `index row (?:size \\d+ exceeds (?:btree version \\d+ )?maximum \\d+ for index ${name}|requires \\d+ bytes, maximum size is \\d+)`,
  'out of (?:memory|shared memory)',
  'stack depth limit exceeded',
  'sorry, too many clients already',
  `too many connections for (?:role|database) ${name}`,
  'remaining connection slots are reserved for [a-z -]{1,80}',
  'temporary file size exceeds temp_file_limit \\(\\d+kB\\)',
  `could not (?:extend|open|read|write|write to|fsync|create|access|stat|remove) ${file}: ${reason}`,
  `could not (?:read|write|extend) blocks? \\d+(?:\\.\\.\\d+)? in ${file}: (?:${reason}|read only \\d+ of \\d+ bytes)`,
  // Waiting, ending, losing
  'canceling statement due to (?:lock timeout|statement timeout|user request|conflict with recovery)',
  'canceling autovacuum task',
  'terminating connection (?:due to (?:administrator command|conflict with recovery|idle-in-transaction timeout|idle-session timeout|transaction timeout|unexpected postmaster exit)|because of (?:crash of another server process|unexpected SIGQUIT signal))',
  'the database system is (?:starting up|shutting down|in recovery mode|not yet accepting connections)',
  'deadlock detected',
  `could not obtain lock on relation ${name}`,
  'could not serialize access due to (?:concurrent (?:update|delete)|read/write dependencies among transactions)',
  'current transaction is aborted, commands ignored until end of transaction block',
  'server closed the connection unexpectedly',
  'This probably means the server terminated abnormally',
  'before or while processing the request\\.',
  'SSL connection has been closed unexpectedly',
  'no connection to the server',
  'connection to server was lost',
  `could not (?:receive data from|send data to) server: ${reason}`,
  `could not translate host name ${name} to address`,
  reason,
  'timeout expired',
  'server does not support SSL, but SSL was required',
  `(?:password|peer|Ident|GSSAPI|LDAP|PAM|certificate|SCRAM) authentication failed for user ${name}`,
  `no pg_hba\\.conf entry for (?:host|replication connection from host) ${name}, user ${name}(?:, database ${name})?(?:, (?:no encryption|SSL encryption|SSL off|SSL on))?`,
  'fe_sendauth: no password supplied',
  // Damage
  'missing chunk number \\d+ for toast value \\d+ in [\\w".]+',
  'unexpected chunk number \\d+ \\(expected \\d+\\) for toast value \\d+ in [\\w".]+',
  'invalid page in block \\d+ of relation [\\w./]+',
  'could not open relation with OID \\d+',
  'cache lookup failed for [a-z ]{1,30} \\d+',
  'compressed (?:pglz|lz4) data is corrupt(?:ed)?',
  // The programs' own
  `(?:dumping|Dumping) the contents of table ${name} failed: (?:PQgetResult|PQgetCopyData)\\(\\) failed\\.`,
  'aborting because of server version mismatch',
  'server version: [\\d.]+[^;\\n]{0,60}; (?:pg_dump|pg_dumpall) version: [\\d.]+(?: \\([^()\\n]{0,60}\\))?',
  'could not read from input file: end of file',
  'did not find magic string in file header',
  'unsupported version \\(\\d+\\.\\d+\\) in file header',
  '(?:unexpected end of file|input file is too short \\(read \\d+, expected \\d+\\)|input file does not appear to be a valid archive(?: \\(too short\\?\\))?)',
  '(?:could not uncompress data|could not decompress data)',
];

/** A sentence whose value stands in the midst: what is told instead, `$1` being what the first group matched. */
const around: readonly (readonly [string, string])[] = [
  [`value "[^]*?" is out of range for type (${type})`, 'value […] is out of range for type $1'],
  [
    `character with byte sequence (?:0x[0-9a-f]{2} ?)+ in encoding (${name}) has no equivalent in encoding (${name})`,
    'character with byte sequence […] in encoding $1 has no equivalent in encoding $2',
  ],
];

export interface Sentence {
  readonly begins: RegExp;
  /** Where not all of it may be told. */
  readonly told?: string;
}

export const sentences: readonly Sentence[] = [
  ...plain.map((text) => ({ begins: new RegExp(text, 'y') })),
  ...around.map(([text, told]) => ({ begins: new RegExp(text, 'y'), told })),
];
