import pg from 'pg';
import type { Settings } from '../../core/settings.js';

/**
 * Lets every session in a database that is being loaded compress its large values with LZ4 while `load` runs: reading and
 * writing them takes a fraction of the time that PostgreSQL's own method takes, and compressing them is most of the work
 * of loading large text. Values say themselves how they are compressed, so nobody who reads them has to know; columns
 * with a method of their own keep it. Servers before 14, or built without LZ4, do as they would by themselves.
 *
 * @param client a session whose role may change the database
 */
export async function withFastToast<T>(
  client: pg.Client,
  database: string,
  { BACKUP_RESTORE_TOAST: method }: Pick<Settings, 'BACKUP_RESTORE_TOAST'>,
  load: () => Promise<T>,
): Promise<T> {
  if (method === 'server' || !(await hasLz4(client))) return load();
  const name = pg.escapeIdentifier(database);
  await client.query(`ALTER DATABASE ${name} SET default_toast_compression = 'lz4'`);
  const loaded = await load();
  await client.query(`ALTER DATABASE ${name} RESET default_toast_compression`);
  return loaded;
}

/** https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-DEFAULT-TOAST-COMPRESSION */
async function hasLz4(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    "SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)",
  );
  return rows.length > 0;
}
