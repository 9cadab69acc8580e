import { announcingRestore } from '../announce.js';
import { withHolders } from '../postgres/lock-holders.js';
import { serverFailed } from '../postgres/server-errors.js';
import type { TableRestoreResult } from '../results.js';
import type { Run } from '../run.js';
import { compareTable } from './compare-table.js';
import type { TableRestorePlan } from './plan-table-restore.js';
import { readTable } from './read-table.js';
import { TableSession, tableRefused } from './table-session.js';
import { TableWriter } from './table-writer.js';

/**
 * Does what the plan says, in one transaction of the running database: the table appears when it is whole and equals
 * what the manifest says, and whatever fails or is killed before leaves nothing of it.
 */
export function restoreTable(run: Run, plan: TableRestorePlan): Promise<TableRestoreResult> {
  const describe = ({ as }: TableRestoreResult) => ({ into: `${as.schema}.${as.name}` });
  return announcingRestore(run, 'database', plan.found.id, (watched) => carryOut(watched, plan), describe);
}

async function carryOut(run: Run, plan: TableRestorePlan): Promise<TableRestoreResult> {
  const { found, connection, table, as } = plan;
  run.log.info(`restoring ${table.schema}.${table.name} of ${found.id} from ${found.storage.name}`);
  const purpose = `restore ${found.id} table`;
  const session = await TableSession.open(connection, purpose, as, run.settings.BACKUP_LOCK_TIMEOUT);
  const endEarly = () => void session.close();
  run.signal.addEventListener('abort', endEarly, { once: true });
  try {
    const writer = new TableWriter(session, table, as, found.id);
    await readTable(run, plan, writer);
    const step = run.progress.start('adding indexes and comparing', 0);
    const written = await writer.finish();
    const compared = await compareTable(session.client, plan, written);
    step.end();
    run.signal.throwIfAborted();
    await session.commit();
    return { database: connection.database, table, as, rows: written.rows, compared, leftOut: written.leftOut };
  } catch (error) {
    run.signal.throwIfAborted();
    throw await withHolders(serverFailed(tableRefused(error, as), connection.database), connection);
  } finally {
    run.signal.removeEventListener('abort', endEarly);
    await session.close();
  }
}
