import { type ErrorCode, messageOf, OperatorError } from '../../core/errors.js';
import { currentUser } from '../current-user.js';

export const ownership = `Give ${currentUser} the right to it (chown), or set BACKUP_DIR elsewhere.`;

const noFolder = 'A part of that path is a file, not a folder: move it away, or correct BACKUP_DIR.';

const known: Record<string, [ErrorCode, string]> = {
  ENOTDIR: ['STORAGE_FAILED', noFolder],
  EEXIST: ['STORAGE_FAILED', noFolder],
  ELOOP: ['STORAGE_FAILED', 'That path is a link that leads back to itself: correct it, or BACKUP_DIR.'],
  ENOENT: ['NO_SUCH_BACKUP', 'List what there is: respaldo list.'],
  ENOSPC: ['STORAGE_FULL', 'Free some space or move BACKUP_DIR; "respaldo cleanup --dry-run" shows what could go.'],
  EDQUOT: ['STORAGE_FULL', 'Free some space or raise the quota; "respaldo cleanup --dry-run" shows what could go.'],
  EACCES: ['STORAGE_DENIED', ownership],
  EPERM: ['STORAGE_DENIED', ownership],
  EROFS: ['STORAGE_DENIED', 'The file system is read-only: set BACKUP_DIR elsewhere.'],
};

/**
 * What the file system says, as an operator needs to hear it. Errors of the source that is being written pass through
 * as they are: they are not the storage's.
 *
 * @param what what was not done: `/backups/x not written`
 */
export function storageError(error: unknown, what: string, sourceError?: unknown): unknown {
  if (sourceError && error === sourceError) return error;
  const [code, hint] = known[codeOf(error) ?? ''] ?? (['STORAGE_FAILED', 'Look at the disk: df -h, dmesg.'] as const);
  return new OperatorError(code, `${what}: ${messageOf(error)}`, hint, { cause: error });
}

/** Of a name that is taken: nothing is ever written twice under one. */
export function alreadyStored(path: string): OperatorError {
  return new OperatorError(
    'ALREADY_STORED',
    `${path} exists already`,
    'Nothing is ever overwritten. Run again: the next backup gets a name of its own.',
  );
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
