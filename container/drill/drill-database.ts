import type pg from 'pg';
import { type Comparison, compareFingerprints } from '../../core/fingerprint.js';
import type { DatabaseFacts, Manifest, TableFacts } from '../../core/manifest.js';
import type { FoundArchive } from '../find-archive.js';
import { planDatabaseRestore } from '../plan-database-restore.js';
import { fingerprintRest, fingerprintTables, prepareFingerprints } from '../postgres/fingerprint.js';
import { relations } from '../postgres/relations.js';
import { restoreDatabase } from '../restore-database.js';
import type { Run } from '../run.js';
import { wire } from '../wire.js';
import { type AssertionResult, runAssertions } from './assertions.js';
import { explainRefusal } from './confine.js';
import { type DrillServer, startDrillServer, withClient, withKnownLocale } from './drill-server.js';

export interface DrillOptions {
  /** A file of assertions in SQL. */
  readonly sql: string | undefined;
  readonly jobs: number | undefined;
  /** Whether the dump is loaded by a superuser: it could then run programs as the server’s user. */
  readonly asSuperuser: boolean;
}

/** What a drill found out. */
export interface DrillFindings {
  readonly serverVersion: string | undefined;
  readonly restoreSeconds: number;
  readonly comparison: Comparison;
  readonly assertions: AssertionResult;
  readonly notes: readonly string[];
}

/** The database's name in the throw-away server. */
const drilled = 'drill';

/**
 * Restores a backup into a throw-away server, the way a person would, and compares everything with what was dumped. The
 * live database is not needed and not touched.
 *
 * @throws OperatorError of the restore, or of what the drill itself needs
 */
export async function drillDatabase(
  run: Run,
  found: FoundArchive & { readonly manifest: Manifest },
  facts: DatabaseFacts,
  { sql, jobs, asSuperuser }: DrillOptions,
): Promise<DrillFindings> {
  const server = await startDrillServer(run, found.id, facts, asSuperuser);
  try {
    run.signal.throwIfAborted();
    const other = await withKnownLocale(server, facts);
    const notes = other ? [`collation ${facts.collation} is not known here: restored with ${other.collation}`] : [];
    const inside = await runInside(run, server);
    const archive = other ? { ...found, manifest: { ...found.manifest, database: other } } : found;
    const started = performance.now();
    const plan = await planDatabaseRestore(inside, archive, {
      into: drilled,
      inPlace: false,
      withoutOwners: false,
      jobs,
      // The throw-away server is for this machine alone.
      tasks: 1,
    });
    await restoreDatabase(inside, plan);
    const restoreSeconds = (performance.now() - started) / 1000;
    const look = async (client: pg.Client): Promise<DrillFindings> => {
      run.log.info(`comparing ${found.id}`);
      await client.query('ANALYZE');
      const noAssertions: AssertionResult = { assertions: 0, failures: [] };
      await client.query('BEGIN READ ONLY');
      await prepareFingerprints(client);
      const present = new Set((await relations(client)).map(nameOf));
      const expected = facts.tables
        .filter(({ rows }) => rows !== undefined)
        .filter((table) => present.has(nameOf(table)));
      const hashed = await fingerprintTables(
        client,
        expected.filter(({ hash }) => hash !== undefined),
        'full',
      );
      const counted = await fingerprintTables(
        client,
        expected.filter(({ hash }) => hash === undefined),
        'counts',
      );
      const fingerprint = facts.fingerprint ? await fingerprintRest(client) : undefined;
      await client.query('ROLLBACK');
      return {
        serverVersion: plan.server.text,
        restoreSeconds,
        comparison: compareFingerprints(facts, { tables: [...hashed, ...counted], fingerprint }),
        assertions: sql === undefined ? noAssertions : await runAssertions(client, sql),
        notes,
      };
    };
    return await withClient(server, drilled, look, server.role);
  } catch (error) {
    throw asSuperuser ? error : explainRefusal(error, found.id);
  } finally {
    await server.stop();
  }
}

function nameOf({ schema, name }: Pick<TableFacts, 'schema' | 'name'>): string {
  return JSON.stringify([schema, name]);
}

/** The same run against the throw-away server: nothing of the live database's connection is left, and no event is told. */
async function runInside(run: Run, server: DrillServer): Promise<Run> {
  const ours = Object.entries(run.environment).filter(
    ([name]) => !name.startsWith('PG') && !name.startsWith('BACKUP_DATABASE_') && name !== 'BACKUP_EVENT_BUS',
  );
  const { PG_BINDIR } = run.settings;
  const environment = {
    ...Object.fromEntries(ours),
    ...(PG_BINDIR ? { PG_BINDIR } : {}),
    DATABASE_URL: `${server.url('postgres', server.role)}?sslmode=disable`,
  };
  const { log, progress, now, signal } = run;
  return { ...(await wire({ environment, log, progress, now, signal })), storages: run.storages };
}
