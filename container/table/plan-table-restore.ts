import type pg from 'pg';
import { parseBackupId, stampOf } from '../../core/archive-name.js';
import { OperatorError } from '../../core/errors.js';
import type { TableFacts } from '../../core/manifest.js';
import { isName } from '../../core/postgres/name.js';
import { besideName } from '../../core/table/beside.js';
import { chooseTable } from '../../core/table/choose.js';
import { keyOf, type QualifiedName, quoted } from '../../core/table/tokens.js';
import { decoders } from '../decode.js';
import type { FoundArchive } from '../find-archive.js';
import { type Clients, clientsFor, installedClients, type ServerVersion } from '../postgres/clients.js';
import { type Connection, connectionFrom } from '../postgres/connection.js';
import { withSession } from '../postgres/open-session.js';
import { serverVersion } from '../postgres/server.js';
import type { Run } from '../run.js';
import type { Command } from '../streams/command.js';
import { takenHint } from './table-session.js';

export interface TableRestoreOptions {
  /** `public.orders`, or `orders` where one schema alone has it. */
  readonly table: string;
  /** The name beside it, in the same schema; default: the table's own with the backup's stamp. */
  readonly as?: string | undefined;
}

/** How one table comes back beside the present one, found out without changing anything. */
export interface TableRestorePlan {
  readonly found: FoundArchive;
  readonly connection: Connection;
  readonly server: ServerVersion;
  readonly clients: Clients;
  readonly decoders: readonly Command[];
  readonly table: QualifiedName;
  readonly as: QualifiedName;
  /** What the manifest says of it; undefined where it has nothing, as of partitioned tables. */
  readonly facts: TableFacts | undefined;
}

/**
 * Finds out whether and how one table of a backup can come back beside the present one. Changes nothing and downloads
 * nothing.
 *
 * @throws OperatorError USAGE, TARGET_LACKS, or what keys and clients lack
 */
export async function planTableRestore(
  run: Run,
  found: FoundArchive,
  options: TableRestoreOptions,
): Promise<TableRestorePlan> {
  if (found.wrapping.content === 'tar') {
    throw new OperatorError(
      'USAGE',
      `${found.id} holds media files, not tables`,
      `Restore it with: respaldo restore --media ${found.id}.`,
    );
  }
  const table = chooseTable(options.table, found.manifest, found.id);
  const stamp = stampOf(parseBackupId(found.id, '')?.time ?? run.now());
  const as = { schema: table.schema, name: options.as ?? besideName(table.name, stamp) };
  assertTableName(as.name);
  const decode = await decoders(found, run.settings);
  const connection = await connectionFrom(run.settings, run.environment);
  return withSession(connection, 'restore plan', async (client) => {
    const server = await serverVersion(client);
    const clients = await clientsFor(
      server,
      `restore of ${found.id} not begun`,
      installedClients(run.settings.PG_BINDIR),
    );
    await assertRoom(client, as, connection.database);
    const facts = found.manifest?.database?.tables.find((each) => keyOf(each) === keyOf(table));
    return { found, connection, server, clients, decoders: decode, table, as, facts };
  });
}

/** @throws OperatorError USAGE or TARGET_LACKS where no table of that name can be made */
async function assertRoom(client: pg.Client, as: QualifiedName, database: string): Promise<void> {
  const { rows } = await client.query<{ role: string; exists: boolean; may: boolean; taken: boolean }>(
    `SELECT current_user AS role, n.oid IS NOT NULL AS exists, coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS may,
            EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = $2)
              OR EXISTS (SELECT FROM pg_type t WHERE t.typnamespace = n.oid AND t.typname = $2) AS taken
     FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    [as.schema, as.name],
  );
  const { role = '', exists, may, taken } = rows[0] ?? {};
  const name = `${as.schema}.${as.name}`;
  if (!exists) {
    throw new OperatorError(
      'TARGET_LACKS',
      `there is no schema "${as.schema}" in "${database}"`,
      `Create it first: CREATE SCHEMA ${quoted(as.schema)}.`,
    );
  }
  if (taken) throw new OperatorError('USAGE', `"${name}" exists already in "${database}"`, takenHint(as));
  if (may) return;
  throw new OperatorError(
    'TARGET_LACKS',
    `role "${role}" may not make tables in schema "${as.schema}" of "${database}"`,
    `As its owner: GRANT CREATE ON SCHEMA ${quoted(as.schema)} TO ${quoted(role)}.`,
  );
}

/** @throws OperatorError USAGE where PostgreSQL would cut the name off silently */
function assertTableName(name: string): void {
  if (isName(name)) return;
  throw new OperatorError('USAGE', `--as: "${name}" cannot be a table's name`, 'A name has 1 to 63 bytes.');
}
