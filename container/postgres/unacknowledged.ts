import type { Socket } from 'node:net';
import type pg from 'pg';
import { setTcpUserTimeout } from '../libc.js';

/** For a session that writes rows: the same patience as psql and pg_restore have (see conninfo.ts). */
const patience = 300_000;

/** A statement: lets the server notice within half a minute that its answers reach nobody any more. From 12 on. */
const answersTo = `SELECT set_config(name, '30000', false) FROM pg_settings WHERE name = 'tcp_user_timeout'`;

/**
 * Lets both ends of a session that writes rows notice a link that swallows packets, where the systems know how. Such a
 * session is always read from: an end that is slow to read would be taken for one that is gone.
 */
export async function noticeSwallowing(client: pg.Client, milliseconds = patience): Promise<void> {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  const descriptor = (stream as unknown as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
  if (descriptor >= 0) setTcpUserTimeout(descriptor, milliseconds);
  await client.query(answersTo);
}
