import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { stackName } from '../../../core/deployed/deployment.js';
import { buildApp } from '../../../infra/app.js';

/** What a synthesis made of one stack. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties are whatever CloudFormation says; tests reach into them
  readonly Properties: any;
  readonly DeletionPolicy?: string;
}

export const shipped = JSON.parse(readFileSync('cdk.json', 'utf8')).context as {
  readonly environments: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
} & Readonly<Record<string, unknown>>;

/** The least that an environment can say. */
export const least = {
  databases: [
    {
      host: 'db.example.internal',
      name: 'crm',
      secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm-AbCdEf',
    },
  ],
};

export interface SynthesizeOptions {
  readonly env?: string;
  readonly environments?: unknown;
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * Synthesizes what `npx cdk synth -c env=…` does, with cdk-nag and without bundling the Lambdas.
 *
 * @returns the templates by the stacks' names
 */
export function synthesize({
  env = 'prod',
  environments = shipped.environments,
  context = {},
}: SynthesizeOptions): Record<string, Template> {
  const outdir = mkdtempSync(join(tmpdir(), 'respaldo-synth-'));
  try {
    const app = new App({
      outdir,
      context: { ...shipped, 'aws:cdk:bundling-stacks': [], ...context, environments, env },
    });
    buildApp(app, new Date('2026-01-15T00:00:00Z'));
    const templates: Record<string, Template> = {};
    for (const { stackName, template } of app.synth().stacks) templates[stackName] = template as Template;
    return templates;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The template of an environment's stack; a replica's is left out. */
export function template(options: SynthesizeOptions = {}): Template {
  const found = synthesize(options)[stackName(options.env ?? 'prod')];
  if (!found) throw new Error('no stack was synthesized');
  return found;
}

export function resourcesOf({ Resources }: Template, type: string): [id: string, resource: Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}
