import * as z from 'zod';
import { environmentName, environmentNameAllowed } from '../../core/deployed/deployment.js';
import { OperatorError } from '../../core/errors.js';
import { contradictions } from './contradictions.js';
import type { Problem } from './problem.js';
import { type EnvironmentSettings, environmentSchema } from './schema.js';

/** Characters of a value: assertions may have thousands. */
const mostShown = 100;

/**
 * The settings of one environment from cdk.json's context, every default filled in.
 *
 * @param environments what stands under `environments` in the context
 * @throws OperatorError SETTINGS_INVALID; every problem is one line with path, value and what is allowed
 */
export function readEnvironment(environments: unknown, name: string | undefined, now: Date): EnvironmentSettings {
  const all = environmentsOf(environments);
  const names = Object.keys(all);
  if (name === undefined || !names.includes(name)) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      `${name === undefined ? 'no environment is named' : `there is no environment "${name}"`}; cdk.json has ${names.join(', ') || 'none'}`,
      `Name one: npx cdk deploy -c env=${names.at(-1) ?? 'prod'}.`,
    );
  }
  if (!environmentName.test(name)) {
    throw wrong([{ path: ['environments', name], allowed: environmentNameAllowed }], {});
  }
  const parsed = environmentSchema.safeParse(all[name]);
  const problems = parsed.success
    ? contradictions(parsed.data, now)
    : parsed.error.issues
        .map(({ path, message }) => ({ path, message }))
        .map(({ path, message }) => ({ path, allowed: message }));
  if (!parsed.success || problems.length > 0) {
    throw wrong(
      problems.map((problem) => ({ ...problem, path: ['environments', name, ...problem.path] })),
      { environments: all },
    );
  }
  return parsed.data;
}

function environmentsOf(environments: unknown): Record<string, unknown> {
  const parsed = z.record(z.string(), z.unknown()).safeParse(environments);
  if (parsed.success) return parsed.data;
  throw wrong([{ path: ['environments'], allowed: 'must be an object with a name for each environment' }], {
    environments,
  });
}

function wrong(problems: readonly Problem[], given: unknown): OperatorError {
  const all = problems.map((problem) => `${pathText(problem.path)}${shown(problem, given)}: ${problem.allowed}`);
  const lines = [...new Set(all)];
  return new OperatorError(
    'SETTINGS_INVALID',
    lines.length === 1 ? `${lines[0]}` : `${lines.length} settings in cdk.json are wrong:\n  ${lines.join('\n  ')}`,
    'Correct cdk.json; docs/deploying.md describes every setting.',
  );
}

/** `environments.prod.databases[0].port`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

function shown({ path, value }: Problem, given: unknown): string {
  const found =
    value ?? path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], given);
  if (found === undefined || (typeof found === 'object' && found !== null)) return '';
  const text = JSON.stringify(found);
  return `=${text.length > mostShown ? `${text.slice(0, mostShown)}…` : text}`;
}
