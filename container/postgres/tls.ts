import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { messageOf, OperatorError } from '../../core/errors.js';

/**
 * libpq's modes and files, so that our own sessions see a server as PostgreSQL's programs do:
 * https://www.postgresql.org/docs/current/libpq-ssl.html
 *
 * @throws OperatorError SETTINGS_INVALID
 */
export function tls(mode: string, libpq: Readonly<Record<string, string>>): TlsOptions | false {
  if (mode === 'disable') return false;
  if (!['require', 'verify-ca', 'verify-full'].includes(mode)) {
    throw wrong(`sslmode "${mode}" is unknown`, 'Use disable, allow, prefer, require, verify-ca or verify-full.');
  }
  const system = libpq.PGSSLROOTCERT === 'system';
  const ca = system ? undefined : contents(libpq, 'PGSSLROOTCERT', 'root.crt');
  if (mode.startsWith('verify') && !system && ca === undefined) {
    throw wrong(
      `sslmode ${mode} has nothing to check the server’s certificate with`,
      'Set PGSSLROOTCERT to the file of the authority that signed it (RDS’s is /etc/ssl/certs/rds.pem in respaldo’s image), or to "system" for those that everybody trusts, with PostgreSQL’s programs of 16 and later.',
    );
  }
  const cert = contents(libpq, 'PGSSLCERT', 'postgresql.crt');
  const key = contents(libpq, 'PGSSLKEY', 'postgresql.key');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(mode === 'require' && ca === undefined ? { rejectUnauthorized: false } : {}),
    ...(mode !== 'verify-full' && ca !== undefined ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** Of a file that is named, else of the one that libpq looks for; undefined where that is not there. */
function contents(libpq: Readonly<Record<string, string>>, variable: string, usual: string): Buffer | undefined {
  const named = libpq[variable];
  const file = named ?? join(homedir(), '.postgresql', usual);
  if (named === undefined && !existsSync(file)) return undefined;
  try {
    return readFileSync(file);
  } catch (cause) {
    throw wrong(
      `${variable}: ${file} cannot be read: ${messageOf(cause)}`,
      `Correct ${variable}, or give the user who runs respaldo the right to read it.`,
      cause,
    );
  }
}

function wrong(message: string, hint: string, cause?: unknown): OperatorError {
  return new OperatorError('SETTINGS_INVALID', message, hint, { cause });
}
