import { type Kind, parseBackupId } from '../archive-name.js';
import type { Backup, Catalog } from '../catalog.js';
import { OperatorError } from '../errors.js';
import { count } from '../report/text.js';
import type { DeployedTarget } from './deployment.js';
import type { RestoreRequest } from './restore-request.js';

/**
 * The target that a request is about: of its id, of what it says, or the only one there is.
 *
 * @throws OperatorError USAGE
 */
export function restoreTarget(request: RestoreRequest, targets: readonly DeployedTarget[]): DeployedTarget {
  const named = parseBackupId(request.backup, request.target ?? '');
  if (request.backup !== 'latest' && !named) {
    throw new OperatorError('USAGE', `"${request.backup}" is no backup’s id`, idWithin(request.backup));
  }
  for (const word of ['kind', 'target'] as const) {
    if (!named || request[word] === undefined || request[word] === named[word]) continue;
    throw new OperatorError(
      'USAGE',
      `"${request.backup}" is of ${word} "${named[word]}", and "${word}" says "${request[word]}"`,
      `Leave "${word}" out: the id says it.`,
    );
  }
  const kind = named?.kind ?? request.kind ?? (targets.some((each) => each.kind === 'database') ? 'database' : 'media');
  const ofKind = targets.filter((each) => each.kind === kind);
  const name = named?.target ?? request.target ?? (ofKind.length === 1 ? ofKind[0]?.target : undefined);
  const found = ofKind.find(({ target }) => target === (name ?? ''));
  if (found) return found;
  throw noTarget(kind, name, request, ofKind, targets);
}

/** An id is often copied with what stands around it: a key, a URL. */
function idWithin(text: string): string {
  const id = /(?:db|media)_backup_\d{8}_\d{6}/.exec(text)?.[0];
  if (id && id !== text && parseBackupId(id, ''))
    return `Send the id alone, "${id}", and "target" where there are several.`;
  return 'Send {} for the list of backups; an id looks like db_backup_20240115_120000, and "latest" is the newest.';
}

function noTarget(
  kind: Kind,
  name: string | undefined,
  { backup }: RestoreRequest,
  ofKind: readonly DeployedTarget[],
  targets: readonly DeployedTarget[],
): OperatorError {
  const names = ofKind.map(({ target }) => `"${target}"`).join(', ');
  if (ofKind.length === 0)
    return new OperatorError('USAGE', `no ${kind} is backed up here`, `There is only ${targets[0]?.kind}.`);
  if (name === undefined)
    return new OperatorError(
      'USAGE',
      `there are ${ofKind.length} ${kind} targets here`,
      `Say which with "target": ${names}.`,
    );
  if (name === '')
    return new OperatorError(
      'USAGE',
      `"${backup}" does not say of which ${kind}`,
      `Send it as the list ({}) has it: "${ofKind[0]?.target}/${backup}". There are ${names}.`,
    );
  return new OperatorError(
    'USAGE',
    `there is no ${kind} target "${name}" here`,
    names === '""'
      ? `There is one ${kind}, without a name: leave "${name}" out.`
      : `Say which with "target": ${names}.`,
  );
}

/**
 * The backup that a request means, among those of its target.
 *
 * @param unvouched objects that are named like backups and belong to none
 * @throws OperatorError NO_SUCH_BACKUP
 */
export function chooseBackup(
  { backup }: RestoreRequest,
  { backups, unvouched }: Pick<Catalog, 'backups' | 'unvouched'>,
  target: DeployedTarget,
): Backup {
  const time = parseBackupId(backup, target.target)?.time.getTime();
  const found = backup === 'latest' ? backups[0] : backups.find((each) => each.time.getTime() === time);
  if (found) return found;
  throw new OperatorError(
    'NO_SUCH_BACKUP',
    backup === 'latest' ? `there is no ${target.kind} backup yet` : `there is no backup "${backup}"`,
    `Send {} for the list of backups.${unvouched.length > 0 ? ` ${count(unvouched.length, 'object')} there, named like backups, without a whole manifest: of a run that was ended, or of what somebody removed in part.` : ''}`,
  );
}
