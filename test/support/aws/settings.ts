import { expect } from 'vitest';
import { OperatorError } from '../../../core/errors.js';
import { readEnvironment } from '../../../infra/settings/read.js';

/** When the settings are read, for what daylight saving skips. */
export const now = new Date('2026-01-15T00:00:00Z');
export const network = { vpc: 'vpc-0123456789abcdef0', subnets: ['subnet-0123456789abcdef0'] };
export const byIam = { host: 'h', name: 'crm', iamAuthentication: { user: 'backup', resourceId: 'db-ABCDEFGHIJKL' } };

export function keyIn(region: string): string {
  return `arn:aws:kms:${region}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
}

/** What is told of an environment that is called prod. */
export function problemsOf(settings: unknown): string {
  try {
    readEnvironment({ prod: settings }, 'prod', now);
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'SETTINGS_INVALID') return error.message;
    throw error;
  }
  return 'nothing is wrong';
}

/** Expects one line: path, value, what is allowed. */
export function expectOneLine(settings: unknown, says: string | RegExp): void {
  const problems = problemsOf(settings);
  if (typeof says === 'string') expect(problems).toBe(says);
  else expect(problems).toMatch(says);
  expect(problems).not.toContain('\n');
}
