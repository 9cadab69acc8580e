import { OperatorError } from './errors.js';
import { type Settings, settingsSchema } from './settings.js';

/**
 * Reads the settings from an environment. An empty variable counts as unset, because compose files pass those.
 *
 * @throws OperatorError SETTINGS_INVALID naming every problem at once
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    Object.keys(settingsSchema.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value.trim() === '' ? [] : [[name, value.trim()]];
    }),
  );
  const parsed = settingsSchema.safeParse(given);
  const problems = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.')}=${shown(path, given)}: ${plain(message)}`);
  if (!parsed.success || problems.length > 0) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      problems.length === 1 ? `${problems[0]}` : `${problems.length} settings are wrong:\n  ${problems.join('\n  ')}`,
      'Correct the environment; docs/settings.md lists every setting.',
    );
  }
  return parsed.data;
}

/** Zod's own words for a choice, as the other messages say it. */
export function plain(message: string): string {
  const choices = /^Invalid option: expected one of (.+)$/.exec(message)?.[1];
  return choices === undefined ? message : `must be one of ${choices.replaceAll('"', '').replaceAll('|', ', ')}`;
}

function contradictions(settings: Settings): string[] {
  const problems: string[] = [];
  if (settings.BACKUP_STORAGE !== 'local' && !settings.AWS_S3_BUCKET_NAME) {
    problems.push(`BACKUP_STORAGE=${settings.BACKUP_STORAGE}: needs AWS_S3_BUCKET_NAME`);
  }
  if (settings.BACKUP_DATABASE_IAM_AUTH === 'true' && settings.BACKUP_DATABASE_SECRET_ARN) {
    problems.push('BACKUP_DATABASE_IAM_AUTH and BACKUP_DATABASE_SECRET_ARN: set one of the two');
  }
  if (settings.BACKUP_AGE_RECIPIENTS.length > 0 && settings.BACKUP_GPG_RECIPIENTS.length > 0) {
    problems.push('BACKUP_AGE_RECIPIENTS and BACKUP_GPG_RECIPIENTS: set one of the two');
  }
  if (settings.BACKUP_COMPRESSION === 'gzip' && (settings.BACKUP_COMPRESSION_LEVEL ?? 1) > 9) {
    problems.push(`BACKUP_COMPRESSION_LEVEL=${settings.BACKUP_COMPRESSION_LEVEL}: gzip has levels 1 to 9`);
  }
  if (settings.BACKUP_TASKS_SUBNETS.length > 0 && !(settings.BACKUP_TASKS_SECRET && settings.BACKUP_TASKS_PORT)) {
    problems.push('BACKUP_TASKS_SUBNETS: needs BACKUP_TASKS_SECRET and BACKUP_TASKS_PORT');
  }
  if (settings.BACKUP_S3_KMS_KEY_ID && settings.BACKUP_S3_SSE !== 'aws:kms') {
    problems.push('BACKUP_S3_KMS_KEY_ID: needs BACKUP_S3_SSE=aws:kms');
  }
  return problems;
}

/** Names whose value may not be shown, not even where it is what is wrong. */
const secret = new Set([
  'DATABASE_URL',
  'SENTRY_DSN',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'BACKUP_TASKS_SECRET',
]);

function shown(path: readonly PropertyKey[], given: Record<string, unknown>): string {
  const name = String(path[0]);
  return secret.has(name) ? '(hidden)' : JSON.stringify(given[name] ?? null);
}
