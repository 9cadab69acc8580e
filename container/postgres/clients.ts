import { OperatorError } from '../../core/errors.js';
import { type Installation, installations } from './installations.js';

/** One installed set of PostgreSQL's client programs. */
export type Clients = Installation;

/** All installed clients, those that PG_BINDIR names first, then the newest first. */
export function installedClients(binDirectories: string | undefined): Promise<Clients[]> {
  return installations(binDirectories, ['pg_dump', 'psql']);
}

/**
 * The clients of the server's own major. An older pg_dump refuses, and what a newer one writes does not go back into
 * the server that it came from (a setting that it does not know stops the restore).
 *
 * @param purpose begins the message: `backup of "crm" not taken`
 * @param looking the {@link installedClients}, which can be looked for while the server is asked
 * @throws OperatorError CLIENT_MISSING or CLIENT_TOO_OLD
 */
export async function clientsFor(
  server: ServerVersion,
  purpose: string,
  looking: Promise<readonly Clients[]>,
): Promise<Clients> {
  const installed = await looking;
  const fitting = installed.find((clients) => clients.major === server.major);
  if (fitting) return fitting;
  const newest = installed.reduce<Clients | undefined>(
    (best, each) => (best && best.major >= each.major ? best : each),
    undefined,
  );
  const hint = `Install postgresql-client-${server.major}, or add a directory that has it to PG_BINDIR.`;
  if (!newest) {
    throw new OperatorError(
      'CLIENT_MISSING',
      `${purpose}: the server is PostgreSQL ${server.text}, and no pg_dump is installed here`,
      hint,
    );
  }
  throw new OperatorError(
    newest.major < server.major ? 'CLIENT_TOO_OLD' : 'CLIENT_MISSING',
    newest.major < server.major
      ? `${purpose}: the server is PostgreSQL ${server.text}, the newest pg_dump here is ${newest.version}`
      : `${purpose}: the server is PostgreSQL ${server.text}, and of its major no client is installed here (found ${installed.map((clients) => clients.version).join(', ')})`,
    hint,
  );
}

export interface ServerVersion {
  /** `15.13` */
  readonly text: string;
  readonly major: number;
}
