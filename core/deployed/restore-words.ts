import type { DeployedTarget } from './deployment.js';
import type { RestoreRequest } from './restore-request.js';

type Replaced = Pick<DeployedTarget, 'kind' | 'replaces'>;

/** What a restore makes or replaces, for the person who is about to say yes. */
export function whatBecomes({ into, inPlace, table, as }: RestoreRequest, target: Replaced): string {
  if (into !== undefined) {
    const only = table === undefined ? '' : ` with the rows of "${table}" alone`;
    return `Makes: a new database "${into}"${only}. Replaces nothing.`;
  }
  if (table !== undefined) {
    const name = as === undefined ? 'named after the backup’s time' : `"${as}"`;
    return `Makes: a table ${name} from "${table}", beside the present one. Replaces nothing.`;
  }
  if (inPlace) return `Replaces: the contents of "${target.replaces}", in one transaction.`;
  return `Replaces: "${target.replaces}". ${howReplaced(target)}`;
}

/**
 * How the present state gives way. Of objects nothing is kept beside: who takes a bucket for a folder that comes back
 * under another name would lose what is newer.
 */
export function howReplaced({ kind, replaces }: Replaced): string {
  if (kind === 'media' && replaces.startsWith('s3://'))
    return 'Objects that are missing are put back, those that have changed since are overwritten, and new ones stay. Nothing is kept beside: only a bucket with versions has what was there.';
  return 'It is restored beside it, compared, and swapped; what was there is kept under another name.';
}
