import type pg from 'pg';

/** By what a role or a database may be set to end sessions that idle, or work for long. Servers know them from different majors on. */
const timeouts = [
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'statement_timeout',
  'transaction_timeout',
];

/**
 * The statement that lets no timeout end a session: a restore takes as long as it takes, and most of its sessions idle
 * meanwhile.
 *
 * @param until the end of the transaction, or of the session
 */
export function withoutTimeouts(until: 'transaction' | 'session'): string {
  const names = timeouts.map((name) => `'${name}'`).join(', ');
  // What is off anyway is not touched: through a pooler, a session's settings would reach those who get it next.
  return `SELECT set_config(name, '0', ${until === 'transaction'}) FROM pg_settings WHERE name IN (${names}) AND setting <> '0'`;
}

/** Ended by no timeout from now on. */
export async function endure(client: pg.Client): Promise<void> {
  await client.query(withoutTimeouts('session'));
}
