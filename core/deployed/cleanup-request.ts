import * as z from 'zod';
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
