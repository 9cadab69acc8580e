import type pg from 'pg';
import { messageOf, OperatorError } from '../core/errors.js';
import type { TableFacts } from '../core/manifest.js';
import { compareFingerprints } from '../core/postgres/fingerprint.js';
import { announcingRestore } from './announce.js';
import { readArchive } from './decode.js';
import { loadParallel } from './parallel/load-parallel.js';
import { type DatabaseRestorePlan, maintenanceDatabase } from './plan-database-restore.js';
import { abandonedDatabases, copyDatabaseSettings, createDatabase, dropDatabase } from './postgres/create-database.js';
import { holdTarget } from './postgres/hold.js';
import { committing, emptyDatabase, ownWords, rowsMustBe } from './postgres/in-place.js';
import { loadDump } from './postgres/load.js';
import { withHolders } from './postgres/lock-holders.js';
import { lookAgain } from './postgres/look-again.js';
import { tellingLostRights } from './postgres/lost-rights.js';
import { connect, withSession } from './postgres/open-session.js';
import { letOwnersCreate, takeBackCreate } from './postgres/owners-create.js';
import { countRows } from './postgres/relations.js';
import { swapDatabases } from './postgres/swap.js';
import { endure, withoutTimeouts } from './postgres/timeouts.js';
import { withFastToast } from './postgres/toast.js';
import { watchHolds } from './postgres/watch-holds.js';
import type { DatabaseRestoreResult } from './results.js';
import type { Run } from './run.js';
import { runPipe } from './streams/pipe.js';

/**
 * Does what the plan says. Whatever fails before the swap leaves the running database as it was and drops what was
 * restored beside it.
 */
export function restoreDatabase(run: Run, plan: DatabaseRestorePlan): Promise<DatabaseRestoreResult> {
  const describe = ({ database, kept }: DatabaseRestoreResult) => ({ into: database, kept });
  return announcingRestore(run, 'database', plan.found.id, (watched) => carryOut(watched, plan), describe);
}

async function carryOut(run: Run, plan: DatabaseRestorePlan): Promise<DatabaseRestoreResult> {
  const { connection, found } = plan;
  const maintenance = await maintenanceDatabase(connection);
  const purpose = `restore ${found.id}`;
  return withSession(
    connection,
    purpose,
    async (client) => {
      await endure(client);
      return withHold(run, plan, client, purpose, async (held, hold) => {
        if (plan.mode === 'in place') return restoreInPlace(held, plan);
        return restoreBeside(held, plan, client, maintenance, hold);
      });
    },
    maintenance,
  );
}

interface Hold {
  /** @throws OperatorError where it was lost */
  assertHeld(): Promise<void>;
  /** Ends the session in the running database, which could not be renamed with it. */
  release(): Promise<void>;
}

/**
 * Keeps backups and other restores of the target away: one hold for restores of it, one on the running database for
 * backups. What is done meanwhile ends where a hold is lost.
 */
async function withHold<T>(
  run: Run,
  { connection, running, mode, database, found }: DatabaseRestorePlan,
  client: pg.Client,
  purpose: string,
  use: (held: Run, hold: Hold) => Promise<T>,
): Promise<T> {
  if (mode === 'into') return use(run, { assertHeld: async () => {}, release: async () => {} });
  const target = run.settings.BACKUP_TARGET ?? '';
  const holder = await connect(connection, purpose, client.database ?? 'postgres');
  const runningHolder = running ? await connect(connection, purpose, database) : undefined;
  const holds = watchHolds(runningHolder ? [holder, runningHolder] : [holder], database);
  const release = async () => {
    holds.stop();
    await runningHolder?.end().catch(() => {}); // it held nothing but the hold
  };
  try {
    for (const [session, name] of [
      [holder, `restore of ${database}/${target}`],
      [runningHolder, target],
    ] as const) {
      if (!session) continue;
      await session.query(`BEGIN; ${withoutTimeouts('transaction')}`);
      await holdTarget(session, session === holder ? `${database}, for a restore,` : database, name);
    }
    run.log.info(`restoring ${found.id} from ${found.storage.name}`);
    const signal = AbortSignal.any([run.signal, holds.signal]);
    return await use({ ...run, signal }, { assertHeld: holds.assertHeld, release });
  } catch (error) {
    run.signal.throwIfAborted();
    holds.signal.throwIfAborted();
    throw error;
  } finally {
    await release();
    await holder.end().catch(() => {}); // likewise
  }
}

async function restoreBeside(
  run: Run,
  plan: DatabaseRestorePlan,
  client: pg.Client,
  maintenance: string,
  hold: Hold,
): Promise<DatabaseRestoreResult> {
  const { connection, restoreName, keptName, database, running, like, options, mode } = plan;
  if (mode === 'swap') await dropAbandoned(run, client, database);
  await createDatabase(client, restoreName, like, !options.withoutOwners);
  let compared: Compared;
  try {
    await options.prepare?.();
    await withFastToast(client, restoreName, run.settings, () => lettingOwnersCreate(run, plan, () => load(run, plan)));
    compared = await compare(plan);
    if (running) await copyDatabaseSettings(client, database, restoreName, run.log);
    run.signal.throwIfAborted();
    await hold.assertHeld();
  } catch (error) {
    await dropRestored(client, plan, maintenance).catch((reason) => {
      run.log.warn(`"${restoreName}" could not be dropped, the next restore does it: ${messageOf(reason)}`);
    });
    throw error;
  }
  if (mode === 'into') return { database, kept: undefined, ...compared };
  await hold.release();
  await withSession(
    connection,
    'restore, ending sessions',
    (ender) => {
      const again = <T>(look: (fresh: pg.Client) => Promise<T>) => lookAgain(connection, maintenance, look);
      const names = { live: database, restored: restoreName, kept: keptName };
      return swapDatabases({ renamer: client, ender, again }, names, run.log);
    },
    maintenance,
  );
  return { database, kept: keptName, ...compared };
}

/** What ended the restore may have ended the session, too: then another one does it. */
async function dropRestored(
  client: pg.Client,
  { connection, restoreName }: DatabaseRestorePlan,
  maintenance: string,
): Promise<void> {
  try {
    await dropDatabase(client, restoreName);
  } catch {
    const drop = (fresh: pg.Client) => dropDatabase(fresh, restoreName);
    await withSession(connection, 'restore, clearing up', drop, maintenance);
  }
}

/** The archive is read twice: once to see that it is whole, once to restore it. */
async function restoreInPlace(run: Run, plan: DatabaseRestorePlan): Promise<DatabaseRestoreResult> {
  const { found, decoders: decode } = plan;
  const step = run.progress.start(`checking ${found.id}`, found.archive.bytes);
  const archive = await readArchive(found, step, run.signal);
  const drain = async (stream: NodeJS.ReadableStream) => {
    for await (const _ of stream);
  };
  if (decode.length === 0) await drain(archive);
  else await runPipe(decode, { input: archive, output: drain, signal: run.signal });
  try {
    await committing(plan.connection, plan.database, run.log, (mark) => load(run, plan, mark));
  } catch (error) {
    throw await withHolders(error, plan.connection, plan.database);
  }
  // Compared before the commit. By now others write to it again, and what they do is no fault of the restore.
  const tables = counted(plan);
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const compared = found.manifest?.database !== undefined;
  return { database: plan.database, kept: undefined, tables: tables.length, rows, compared };
}

/** For a new database. In place, it is part of the transaction. */
async function lettingOwnersCreate(run: Run, plan: DatabaseRestorePlan, use: () => Promise<void>): Promise<void> {
  const { connection, found, owners, restoreName } = plan;
  if (owners.length === 0) return use();
  const creators = found.manifest?.database?.creators;
  const ask = (sql: string) =>
    withSession(connection, 'restore, rights of owners', (client) => client.query(sql), restoreName);
  await ask(letOwnersCreate(owners));
  await use();
  await ask(takeBackCreate(owners, creators));
  if (creators) return;
  run.log.warn(
    `${owners.join(', ')} may now create in the schemas that they own something in: ${found.id} does not tell whether they might before`,
  );
}

/** @param mark in place: tells of the commit */
async function load(run: Run, plan: DatabaseRestorePlan, mark?: string): Promise<void> {
  const { found, connection, restoreName, clients, options } = plan;
  if (found.manifest?.format === 'parallel') return loadParallel(run, plan, found.manifest, options.jobs);
  const step = run.progress.start(`restoring ${found.id}`, found.archive.bytes);
  await loadDump(await readArchive(found, step, run.signal), found.wrapping.content as 'sql' | 'dump', plan.decoders, {
    connection,
    database: restoreName,
    clients,
    withoutOwners: options.withoutOwners,
    signal: run.signal,
    onStderrLine: tellingLostRights(run.log),
    // Compared before it is committed: a program that lies about its end would otherwise leave an empty database.
    atomic:
      mark === undefined
        ? undefined
        : {
            before: `${emptyDatabase}${letOwnersCreate(plan.owners)}`,
            after: [
              ownWords,
              takeBackCreate(plan.owners, found.manifest?.database?.creators),
              rowsMustBe(counted(plan)),
              mark,
            ].join('\n'),
            lockTimeoutSeconds: run.settings.BACKUP_LOCK_TIMEOUT,
          },
  });
  step.end();
}

/** What the manifest has counted of what is restored. */
function counted({ found, tables }: DatabaseRestorePlan): TableFacts[] {
  return [...(tables ?? found.manifest?.database?.tables ?? [])].filter(({ rows }) => rows !== undefined);
}

type Compared = Pick<DatabaseRestoreResult, 'tables' | 'rows' | 'compared'>;

/** @throws OperatorError COMPARISON_DIFFERS naming the tables */
async function compare(plan: DatabaseRestorePlan): Promise<Compared> {
  const { found, connection, restoreName } = plan;
  const expected = counted(plan);
  if (!found.manifest?.database) return { tables: 0, rows: 0, compared: false };
  const restored = await withSession(
    connection,
    'restore, comparing',
    async (client) => {
      await endure(client);
      return countRows(client, expected);
    },
    restoreName,
  );
  const { tables, rows, differences } = compareFingerprints({ tables: expected }, { tables: restored });
  if (differences.length === 0) return { tables, rows, compared: true };
  throw new OperatorError(
    'COMPARISON_DIFFERS',
    `${found.id} restores to something else than was backed up:\n  ${differences.slice(0, 10).join('\n  ')}`,
    'The running database is as it was. Use another backup (respaldo list) and report this one.',
  );
}

/** What killed restores left. The hold makes sure that no living one is at work on it. */
async function dropAbandoned(run: Run, client: pg.Client, database: string): Promise<void> {
  for (const name of await abandonedDatabases(client, database)) {
    run.log.info(`dropping "${name}", left by an interrupted restore`);
    await dropDatabase(client, name);
  }
}
