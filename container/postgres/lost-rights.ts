import type { Log } from '../../core/log.js';

/**
 * For the lines that psql and pg_restore write to standard error while they load a dump. Where the role may not give the
 * rights that a dump names, as on a schema `public` that is the provider's before PostgreSQL 15, the server only warns.
 */
export function tellingLostRights(log: Log): (line: string) => void {
  const told = new Set<string>();
  return (line) => {
    const words = /WARNING: +((?:no|not all) privileges (?:were granted|could be revoked) for .*)$/.exec(line)?.[1];
    if (words === undefined || told.has(words)) return;
    told.add(words);
    log.warn(`not all rights are as they were backed up: ${words}, which only its owner or a superuser can mend`);
  };
}
