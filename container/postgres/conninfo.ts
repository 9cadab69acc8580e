/** Seconds, and how often: a server whose host has vanished is noticed within two minutes. The system's default are two hours. */
export const keepalive = { idle: 60, interval: 10, count: 6 };

/**
 * Milliseconds that what was sent may stay unacknowledged: there are no keepalives on a connection that is written to, and
 * by itself the system gives a link that swallows packets a quarter of an hour. It also ends a connection whose other end
 * is alive and reads nothing for so long: who writes rows lets a server with a slow disk take its time.
 */
const unacknowledged = { reading: 120_000, writing: 300_000 };

/**
 * A conninfo string that names a database, for programs that would read more into a bare name, and that notices a server
 * that is gone. libpq knows tcp_user_timeout from 12 on.
 */
export function conninfo(database: string): string {
  return described(database, unacknowledged.reading);
}

/** The same for programs that write rows. */
export function loadingConninfo(database: string): string {
  return described(database, unacknowledged.writing);
}

function described(database: string, milliseconds: number): string {
  const { idle, interval, count } = keepalive;
  const name = `dbname='${database.replace(/[\\']/g, '\\$&')}'`;
  return `${name} keepalives_idle=${idle} keepalives_interval=${interval} keepalives_count=${count} tcp_user_timeout=${milliseconds}`;
}
