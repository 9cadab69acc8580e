import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { TableFacts } from '../../core/manifest.js';
import type { Connection } from './connection.js';
import { doBlock } from './do-block.js';
import { lookAgain } from './look-again.js';
import { withSession } from './open-session.js';
import { qualified } from './relations.js';
import { endure } from './timeouts.js';

/**
 * SQL that empties the current database of all that a dump of it would create, without touching extensions. It runs in
 * the transaction of a restore in place, so that a failure brings everything back.
 *
 * Schemas go as a whole, but for `public` and those that hold an extension, whose contents go one by one:
 * pg_identify_object gives each object’s type and name as DROP takes them. What is a part of another, such as the sequence of
 * an identity column, goes with that.
 */
export const emptyDatabase = `
SET LOCAL client_min_messages = warning;
DO $empty$
DECLARE
  target record;
BEGIN
  FOR target IN
    SELECT 'EVENT TRIGGER' AS type, quote_ident(evtname) AS name FROM pg_event_trigger e
      WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.deptype = 'e')
    UNION ALL SELECT 'PUBLICATION', quote_ident(pubname) FROM pg_publication
    UNION ALL SELECT 'SERVER', quote_ident(srvname) FROM pg_foreign_server
    UNION ALL SELECT 'SCHEMA', quote_ident(nspname) FROM pg_namespace n
      WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
        AND NOT EXISTS (SELECT FROM pg_extension WHERE extnamespace = n.oid)
  LOOP
    EXECUTE format('DROP %s %s CASCADE', target.type, target.name);
  END LOOP;
  LOOP
    SELECT CASE WHEN i.type = 'composite type' THEN 'type' WHEN i.type = 'statistics object' THEN 'statistics' ELSE i.type END AS type,
           i.identity AS name INTO target
    FROM pg_depend d
    JOIN pg_namespace n ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
    CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
    WHERE d.deptype = 'n' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND d.classid <> 'pg_extension'::regclass
      AND i.type NOT IN ('default acl', 'toast table')
      AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.classid = d.classid AND m.objid = d.objid AND m.objsubid = 0 AND m.deptype IN ('e', 'i'))
    LIMIT 1;
    EXIT WHEN NOT FOUND;
    EXECUTE format('DROP %s %s CASCADE', target.type, target.name);
  END LOOP;
  PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
END
$empty$;
`;

/** SQL that takes back what a dump has set for its session, before what follows in the same transaction. */
export const ownWords = `
SET LOCAL client_encoding = 'UTF8'; SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off; SET LOCAL standard_conforming_strings = on;`;

/** Begins the error of a transaction whose tables have other rows than they should. */
export const rowsDiffer = 'other rows than were backed up';

/**
 * SQL that fails unless each table has as many rows as were backed up. It runs in the transaction of a restore in place,
 * last of all.
 */
export function rowsMustBe(tables: readonly TableFacts[]): string {
  if (tables.length === 0) return '';
  const wanted = tables.map((table) => `(${pg.escapeLiteral(qualified(table))}, ${table.rows}::int8)`).join(', ');
  return doBlock(
    'wanted record; found int8;',
    `FOR wanted IN SELECT * FROM (VALUES ${wanted}) AS counted(name, rows) LOOP
    EXECUTE 'SELECT count(*) FROM ONLY ' || wanted.name INTO found;
    IF found <> wanted.rows THEN
      RAISE EXCEPTION '${rowsDiffer}: table %: % rows were backed up, % restored', wanted.name, wanted.rows, found;
    END IF;
  END LOOP;`,
  );
}

/**
 * Runs something that commits one transaction, and believes the server about whether it did, not the program: one that
 * is killed, or loses its connection, in the moment of the commit says that it failed, and the data are new all the same.
 *
 * @param load is to run the statement that it is given within its transaction: the server passes it on once that is
 *   committed
 * @throws what `load` throws, where nothing was committed; OperatorError RESTORE_FAILED where it only says that it was, or
 *   where it cannot be told
 */
export async function committing(
  connection: Connection,
  database: string,
  log: Log,
  load: (mark: string) => Promise<void>,
): Promise<void> {
  const channel = `respaldo_${randomBytes(8).toString('hex')}`;
  await withSession(
    connection,
    'restore, hearing of its commit',
    async (client) => {
      await endure(client);
      const before = await someRelations(client);
      let committed = false;
      client.on('notification', () => {
        committed = true;
      });
      await client.query(`LISTEN ${channel}`);
      const failure = await load(`NOTIFY ${channel};`).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (failure) await endSilentPsql(connection, database).catch(() => {}); // it ends by itself, once the server notices
      const heard = await untilPsqlIsGone(client).then(
        () => true,
        () => false,
      );
      // Whoever was to hear of the commit is lost as well.
      if (!committed && !heard) committed = await isReplaced(connection, database, before, failure?.error);
      if (!committed) throw failure ? failure.error : notCommitted(database);
      if (failure)
        log.warn(
          `the server has committed all of it, so the restore is complete, although: ${messageOf(failure.error)}`,
        );
    },
    database,
  );
}

function notCommitted(database: string): OperatorError {
  return new OperatorError(
    'RESTORE_FAILED',
    `psql ended as if "${database}" were restored, but the server has committed nothing`,
    'The running database is as it was. See which psql that is: respaldo doctor.',
  );
}

/** Relations that the transaction drops: all of them are there, or none is. */
async function someRelations(client: pg.Client): Promise<number[]> {
  const { rows } = await client.query<{ oid: number }>(
    `SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY c.oid LIMIT 100`,
  );
  return rows.map(({ oid }) => oid);
}

/**
 * Whether the transaction was committed, told by what is there: a restore creates every relation anew.
 *
 * @throws OperatorError RESTORE_FAILED where the server cannot be asked
 */
async function isReplaced(
  connection: Connection,
  database: string,
  before: readonly number[],
  lost: unknown,
): Promise<boolean> {
  try {
    return await lookAgain(connection, database, async (client) => {
      await endSilentPsql(connection, database);
      await untilPsqlIsGone(client);
      const after = new Set(await someRelations(client));
      return before.length === 0 ? after.size > 0 : before.every((oid) => !after.has(oid));
    });
  } catch (cause) {
    throw new OperatorError(
      'RESTORE_FAILED',
      `the connection to "${database}" was lost in a restore in place${lost === undefined ? '' : ` (${messageOf(lost)})`}, and whether it was committed cannot be told: ${messageOf(cause)}`,
      'It is in the database as a whole, or not at all. Look at the data once the server answers again, and restore again if they are the old ones.',
      { cause },
    );
  }
}

/**
 * psql has ended, but behind a network that fell silent the server may wait for its next word for hours, with everything
 * in the database locked. Only what waits is ended: not what is at work on a commit.
 */
async function endSilentPsql(connection: Connection, database: string): Promise<void> {
  const end = async (client: pg.Client) => {
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'respaldo psql' AND usename = current_user AND wait_event_type = 'Client'`,
    );
  };
  await withSession(connection, 'restore, ending psql', end, database);
}

/** The server may still be at work on the last of what psql sent. What it has to tell comes with the answers. */
async function untilPsqlIsGone(client: pg.Client): Promise<void> {
  for (let look = 0; ; look += 1) {
    const { rows } = await client.query<{ committing: boolean }>(
      "SELECT state = 'active' AND query ~* '^commit' AS committing FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'respaldo psql'",
    );
    if (rows.length === 0) break;
    // A commit takes as long as it takes, and nothing can be told before its end.
    if (look >= 100 && !rows.some(({ committing }) => committing)) break;
    await delay(100);
  }
  await client.query('SELECT 1');
}
