import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { readEnvironment } from '../../infra/settings/read.js';
import { environmentSchema } from '../../infra/settings/schema.js';
import { template } from '../support/aws/stack.js';

const page = readFileSync('docs/deploying.md', 'utf8');
const section = (heading: string) => page.split(/^##+ /m).find((each) => each.startsWith(heading)) ?? '';

/** Every key that cdk.json may have, each with the names above it. */
function keysOf(schema: z.ZodType, above: readonly string[] = []): string[][] {
  const { def } = schema as unknown as { def: Record<string, z.ZodType | Record<string, z.ZodType>> };
  const inner = (def.innerType ?? def.element) as z.ZodType | undefined;
  if (inner) return keysOf(inner, above);
  return Object.entries((def.shape ?? {}) as Record<string, z.ZodType>).flatMap(([key, value]) => [
    [...above, key],
    ...keysOf(value, [...above, key]),
  ]);
}

describe('the page on deploying', () => {
  const keys = keysOf(environmentSchema);

  it('is held against all of the schema', () => {
    expect(keys.length).toBeGreaterThan(60);
  });

  it.each(keys.map((path) => path.join('.')))('tells of %s in the row of what it belongs to', (path) => {
    const [first = '', ...rest] = path.split('.');
    const row = section('Every setting').match(new RegExp(`^\\| [^|]*\`${first}(?:\\[\\])?\`[^|]*\\|.*$`, 'm'))?.[0];
    expect(row, `a row for ${first}`).toBeDefined();
    // What a transition has is shown by the environment that is shipped.
    if (rest.length > 0 && !path.startsWith('vault.transitions.'))
      expect(row).toMatch(new RegExp(`\`(?:[\\w.]+\\.)?${rest.at(-1)}(?:\\.\\w+)?\``));
  });

  it('has an example that is right', () => {
    const example = page.match(/^```json\n("prod": .*?)^```$/ms)?.[1];
    expect(readEnvironment(JSON.parse(`{${example}}`), 'prod', new Date())).toMatchObject({ zone: 'Europe/Madrid' });
  });

  it('names the environment in every command of the CDK, which fails without', () => {
    const commands = [...page.matchAll(/npx cdk (?:bootstrap|deploy|destroy|synth)[^`\n#]*/g)].map(([text]) => text);
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) expect(command).toMatch(/ -c env=\w+/);
  });

  it('names outputs, functions and a cluster that are there', () => {
    const { Outputs, Resources } = template({ env: 'prod' });
    for (const [, output = ''] of page.matchAll(/link `(\w+)`/g)) expect(Outputs).toHaveProperty(output);
    const names = JSON.stringify(Resources);
    for (const [name] of page.matchAll(/respaldo-prod-[a-z-]+/g)) expect(names).toContain(`"${name}"`);
  });
});
