import type pg from 'pg';
import { OperatorError, saidBy } from '../../core/errors.js';
import type { DatabaseFacts, Manifest, TableFacts } from '../../core/manifest.js';
import { localeOf, localeText } from '../../core/postgres/create-database.js';
import { type Comparison, compareFingerprints } from '../../core/postgres/fingerprint.js';
import type { FoundArchive } from '../find-archive.js';
import { fingerprintRestored } from '../fingerprint-restored.js';
import { planDatabaseRestore } from '../plan-database-restore.js';
import { fingerprintRest, prepareFingerprints } from '../postgres/fingerprint.js';
import { relations } from '../postgres/relations.js';
import { restoreDatabase } from '../restore-database.js';
import type { Run } from '../run.js';
import { wire } from '../wire.js';
import { type AssertionResult, runAssertions } from './assertions.js';
import { prepareConfined, releaseConfined } from './confinement.js';
import { type DrillServer, restorer, startDrillServer, withClient, withKnownLocale } from './drill-server.js';

export interface DrillOptions {
  /** Assertions of the users' own. */
  readonly sql: string | undefined;
  readonly jobs: number | undefined;
  /** Loads the dump as a superuser, who may run programs. Default: as the setting says. */
  readonly asSuperuser?: boolean | undefined;
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
  { sql, jobs, asSuperuser = run.settings.BACKUP_DRILL_AS_SUPERUSER === 'true' }: DrillOptions,
): Promise<DrillFindings> {
  const server = await startDrillServer(run, found.id, facts, asSuperuser);
  const { confinement } = server;
  try {
    run.signal.throwIfAborted();
    const other = await withKnownLocale(server, facts);
    const notes = other
      ? [`collation ${localeText(localeOf(facts))} is not known here: restored with ${localeText(localeOf(other))}`]
      : [];
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
      prepare:
        confinement &&
        (() => withClient(server, drilled, (client) => prepareConfined(client, drilled, facts, confinement))),
    });
    await restoreDatabase(inside, plan);
    if (confinement) await withClient(server, drilled, (client) => releaseConfined(client, confinement));
    const restoreSeconds = (performance.now() - started) / 1000;
    const compared = await withClient(
      server,
      drilled,
      (client) => compare(run, client, found.id, facts, sql),
      restorer(server),
    );
    return { serverVersion: plan.server.text, restoreSeconds, ...compared, notes };
  } catch (error) {
    throw confinement ? neededSuperuser(error, found.id) : error;
  } finally {
    await server.stop();
  }
}

async function compare(
  run: Run,
  client: pg.Client,
  id: string,
  facts: DatabaseFacts,
  sql: string | undefined,
): Promise<Pick<DrillFindings, 'comparison' | 'assertions'>> {
  run.log.info(`comparing ${id}`);
  await client.query('ANALYZE');
  const noAssertions: AssertionResult = { assertions: 0, failures: [] };
  await client.query('BEGIN READ ONLY');
  await prepareFingerprints(client);
  const present = new Map((await relations(client)).map((relation) => [nameOf(relation), relation]));
  const expected = facts.tables.flatMap((dumped) => {
    const relation = dumped.rows === undefined ? undefined : present.get(nameOf(dumped));
    return relation ? [{ relation, dumped }] : [];
  });
  const tables = await fingerprintRestored(client, expected, facts.encoding);
  const fingerprint = facts.fingerprint ? await fingerprintRest(client) : undefined;
  await client.query('ROLLBACK');
  return {
    comparison: compareFingerprints(facts, { tables, fingerprint }),
    assertions: sql === undefined ? noAssertions : await runAssertions(client, sql),
  };
}

/** What the server says where a right is missing: in English always, and in the line that tells the error. */
const denied =
  /(?:ERROR: +|refused a query in "[^"\n]*": )[^\n]*(?:permission denied|superuser|must be owner|must be able to|must be a? ?member|must have|is not allowed|password is required)/i;

/** A right that a confined drill lacks tells nothing about the backup. */
function neededSuperuser(error: unknown, id: string): unknown {
  if (!(error instanceof OperatorError) || !['RESTORE_FAILED', 'SOURCE_FAILED'].includes(error.code)) return error;
  if (!denied.test(error.inFull)) return error;
  return OperatorError.passingOn(
    'DRILL_NEEDS_SUPERUSER',
    saidBy(error),
    (said) =>
      `${id} is not proven: it asks for more than a role may that can neither run programs nor read files: ${said}`,
    `If you trust this dump: respaldo drill ${id} --as-superuser (BACKUP_DRILL_AS_SUPERUSER=true).`,
    { cause: error },
  );
}

function nameOf({ schema, name }: Pick<TableFacts, 'schema' | 'name'>): string {
  return JSON.stringify([schema, name]);
}

/** The same run against the throw-away server: nothing of the live database's connection is left, and no event is told. */
async function runInside(run: Run, server: DrillServer): Promise<Run> {
  const { user, password } = restorer(server);
  const ours = Object.entries(run.environment).filter(
    ([name]) => !name.startsWith('PG') && !name.startsWith('BACKUP_DATABASE_') && name !== 'BACKUP_EVENT_BUS',
  );
  const { PG_BINDIR } = run.settings;
  const environment = {
    ...Object.fromEntries(ours),
    ...(PG_BINDIR ? { PG_BINDIR } : {}),
    DATABASE_URL: `postgresql://${user}:${password}@${server.host}:${server.port}/postgres?sslmode=disable`,
  };
  const { log, progress, now, signal } = run;
  return { ...(await wire({ environment, log, progress, now, signal })), storages: run.storages };
}
