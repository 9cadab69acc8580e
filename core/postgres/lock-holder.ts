/** A session that keeps others from a table, as far as the asking role may see it. */
export interface LockHolder {
  /** Undefined: a prepared transaction. */
  readonly pid: number | undefined;
  /** Of a prepared transaction: its name. */
  readonly prepared: string | undefined;
  readonly table: string;
  readonly user: string | undefined;
  readonly application: string | undefined;
  /** `active`, `idle in transaction`. */
  readonly state: string | undefined;
  /** Of its transaction, in seconds. */
  readonly seconds: number | undefined;
  /** Its last statements, literals and all. */
  readonly query: string | undefined;
  /** Only asked for yet: whoever comes later waits behind it. */
  readonly waitsFor: readonly LockHolder[];
}

/** One session in words. Of its statements only those keywords that name what they do. */
export function describeHolder(holder: LockHolder): string {
  const { pid, prepared, user, application, state, seconds, query, table, waitsFor } = holder;
  if (pid === undefined)
    return `${table}: ${prepared === undefined ? 'a prepared transaction' : `the prepared transaction "${prepared}"`}${since(seconds)}`;
  const command = commandOf(query ?? '');
  const facts = [
    user && `user "${user}"`,
    application && `application "${application}"`,
    state,
    seconds !== undefined && `in a transaction for ${duration(seconds)}`,
    command && `${state === 'active' ? 'at' : 'last'} ${command}`,
  ].filter(Boolean);
  const who = `server process ${pid}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
  if (waitsFor.length === 0) return `${table}: ${who}`;
  return `${table}: ${who}, which waits itself for ${waitsFor.map((one) => describeHolder(one).replace(`${one.table}: `, '')).join(' and ')}`;
}

function since(seconds: number | undefined): string {
  return seconds === undefined ? '' : `, for ${duration(seconds)}`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

const verb =
  /^(?:ALTER|ANALYZE|BEGIN|CALL|CLUSTER|COMMENT|COMMIT|COPY|CREATE|DELETE|DO|DROP|EXECUTE|EXPLAIN|FETCH|GRANT|INSERT|LOCK|MERGE|REFRESH|REINDEX|REVOKE|SELECT|SET|START|TRUNCATE|UPDATE|VACUUM|WITH)$/;
const object =
  /^(?:CONCURRENTLY|FROM|FULL|FUNCTION|INDEX|INTO|MATERIALIZED|POLICY|RULE|SCHEMA|TABLE|TRANSACTION|TRIGGER|TYPE|UNIQUE|VIEW)$/;

/** What statements do, and nothing that stands in them: `BEGIN; LOCK TABLE`. */
function commandOf(query: string): string {
  const commands = query
    .replace(/\/\*.*?\*\/|--[^\n]*/gs, ' ')
    .split(';')
    .flatMap((statement) => {
      const [first = '', ...rest] = statement.trim().toUpperCase().split(/\s+/);
      if (!verb.test(first)) return [];
      const end = rest.findIndex((word) => !object.test(word));
      return [[first, ...rest.slice(0, end < 0 ? rest.length : end)].join(' ')];
    });
  return commands.slice(0, 3).join('; ');
}
