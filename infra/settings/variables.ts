import * as z from 'zod';
import { plain } from '../../core/read-settings.js';
import { settingsSchema } from '../../core/settings.js';
import { group } from './fields.js';

/** Settings of the program that nothing else here sets, and that no right or key of the tasks depends on. */
const names = [
  'BACKUP_LOCK_TIMEOUT',
  'BACKUP_STALL_MINUTES',
  'BACKUP_SNAPSHOT_WARN_MINUTES',
  'BACKUP_FINGERPRINT',
  'BACKUP_PARALLEL_TABLE_MB',
  'BACKUP_PARALLEL_PART_MB',
  'BACKUP_RESTORE_TOAST',
  'BACKUP_S3_TIMEOUT',
  'BACKUP_S3_TRIES',
] as const satisfies readonly (keyof typeof settingsSchema.shape)[];
type Name = (typeof names)[number];

/** What the program's messages name as a variable: checked as it will check it, in the task, at night. */
export const variables = group(
  Object.fromEntries(names.map((name) => [name, variable(name).optional()])) as Record<
    Name,
    z.ZodOptional<ReturnType<typeof variable>>
  >,
);

/** Those that are given, for a task's environment. */
export function givenVariables(given: z.output<typeof variables>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function variable(name: Name) {
  return z
    .union([z.string(), z.number()], { error: 'must be text or a number' })
    .superRefine((value, context) => {
      const text = String(value).trim();
      const parsed = settingsSchema.shape[name].safeParse(text);
      if (parsed.success && text !== '') return;
      const message = parsed.error?.issues[0]?.message ?? 'must not be empty';
      context.addIssue({ code: 'custom', message: plain(message) });
    })
    .transform((value) => String(value).trim());
}
