import type * as z from 'zod';
import { OperatorError } from '../errors.js';

type Issue = z.core.$ZodIssue;

/** As much of what was sent as is said back. */
const mostShown = 80;

/**
 * What a Lambda was sent and does not know, in a person's words: zod's own are for programmers.
 *
 * @param said the beginning of the message, which names the Lambda
 * @param known every key that a person may send
 */
export function wrongRequest(
  said: string,
  event: unknown,
  issues: readonly Issue[],
  known: readonly string[],
  hint: string,
): OperatorError {
  const words = issues.slice(0, 3).map((issue) => inWords(issue, event, known));
  return new OperatorError('USAGE', `${said}: ${words.join('; ')}`, hint);
}

/** What is copied from a list comes with blanks, and of a parallel backup with the slash of its folder. */
export function withoutMargin(id: string): string {
  return id.trim().replace(/\/$/, '');
}

function inWords(issue: Issue, event: unknown, known: readonly string[]): string {
  if (issue.code === 'unrecognized_keys')
    return `there is no ${issue.keys.map(quoted).join(' and no ')}, only ${known.map(quoted).join(', ')}`;
  const [key] = issue.path;
  if (key === undefined) return issue.code === 'custom' ? issue.message : `${shown(event)} is no object in { }`;
  const value = (event as Record<PropertyKey, unknown>)[key];
  if (value === undefined) return `${quoted(String(key))} is missing`;
  return `${quoted(String(key))} ${allowedBy(issue)}, and says ${shown(value)}`;
}

function allowedBy(issue: Issue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(shown).join(', ')}`;
  if (issue.code !== 'invalid_type') return issue.message;
  return issue.expected === 'boolean' ? 'must be true or false, without quotes' : 'must be text in quotes';
}

function quoted(key: string): string {
  return `"${key}"`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
