import * as z from 'zod';
import type { Deployment } from './deployment.js';
import { wrongRequest } from './request-words.js';

const cleanupSchema = z.strictObject({
  dryRun: z.boolean().optional(),
  /** From a schedule. */
  schedule: z.string().optional(),
  due: z.string().optional(),
});

/**
 * Reads whether cleanup was asked to say only what it would remove. Whatever it does not know is refused: a mistyped
 * `dryRun` must not remove backups.
 *
 * @throws OperatorError USAGE
 */
export function isDryRun(event: unknown): boolean {
  const parsed = cleanupSchema.safeParse(event ?? {});
  if (parsed.success) return parsed.data.dryRun === true;
  throw wrongRequest(
    'cleanup was sent something else than it knows, and removed nothing',
    event,
    parsed.error.issues,
    ['dryRun'],
    'Send { "dryRun": true } to see what would go, or {} to remove what retention does not keep.',
  );
}

/** What does the same from a machine with a shell, by the environment's own retention: the program's default may keep less. */
export function cleanupCommand({ vault, region, retention }: Deployment, target: string): string {
  const { days, keep } = retention;
  const rules = Object.entries(keep ?? {}).filter(([, count]) => count > 0);
  const variables = {
    BACKUP_STORAGE: 's3',
    AWS_S3_BUCKET_NAME: vault.bucket,
    AWS_S3_REGION_NAME: region,
    BACKUP_TARGET: target,
    BACKUP_RETENTION_DAYS: days,
    BACKUP_KEEP: rules.map(([rule, count]) => `${rule}=${count}`).join(',') || (keep && 'daily=0'),
  };
  const given = Object.entries(variables).filter(([, value]) => value !== undefined && value !== '');
  return `${given.map(([name, value]) => `${name}=${value}`).join(' ')} npx respaldo cleanup --force`;
}
