import { readFileSync } from 'node:fs';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { OperatorError } from '../../core/errors.js';

/** libpq's modes: https://www.postgresql.org/docs/current/libpq-ssl.html */
export function tls(mode: string, libpq: Readonly<Record<string, string>>): TlsOptions | false {
  if (mode === 'disable') return false;
  const file = (name: string) => (libpq[name] ? readFileSync(libpq[name]) : undefined);
  const ca = libpq.PGSSLROOTCERT === 'system' ? undefined : file('PGSSLROOTCERT');
  const own = { cert: file('PGSSLCERT'), key: file('PGSSLKEY') };
  const options = Object.fromEntries(Object.entries({ ca, ...own }).filter(([, value]) => value !== undefined));
  if (mode === 'verify-full') return options;
  if (mode === 'verify-ca') return { ...options, checkServerIdentity: () => undefined };
  if (mode === 'require')
    return ca ? { ...options, checkServerIdentity: () => undefined } : { ...options, rejectUnauthorized: false };
  throw new OperatorError(
    'SETTINGS_INVALID',
    `sslmode "${mode}" is unknown`,
    'Use disable, allow, prefer, require, verify-ca or verify-full.',
  );
}
