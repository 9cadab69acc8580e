import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { buildApp } from '../../infra/app.js';

const statement = z.looseObject({ Action: z.union([z.string(), z.array(z.string())]) });
const resource = z.looseObject({
  Type: z.string(),
  Properties: z.looseObject({
    DashboardBody: z.unknown().optional(),
    PolicyDocument: z.looseObject({ Statement: z.array(statement) }).optional(),
  }),
});
type Resource = z.infer<typeof resource>;

let resources: ReadonlyMap<string, Resource>;
beforeAll(() => {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
  const environments = context.environments as { prod: object };
  const outdir = mkdtempSync(join(tmpdir(), 'respaldo-synth-'));
  const app = new App({
    outdir,
    context: {
      ...context,
      'aws:cdk:bundling-stacks': [],
      env: 'prod',
      environments: { prod: { ...environments.prod, prices: 'STANDARD=0.023 USD' } },
    },
  });
  buildApp(app, new Date('2026-01-15T00:00:00Z'));
  const { template } = app.synth().getStackByName('Respaldo-prod');
  const all = Object.entries(template.Resources as Record<string, unknown>);
  resources = new Map(
    all.flatMap(([id, value]) => {
      const parsed = resource.safeParse(value);
      return parsed.success ? [[id, parsed.data] as const] : [];
    }),
  );
  rmSync(outdir, { recursive: true, force: true });
}, 120_000);

describe('the widget as it is deployed', () => {
  it('may list and read, and write nothing but its log and the queue of calls that failed', () => {
    const policies = [...resources].filter(
      ([id, { Type }]) => Type === 'AWS::IAM::Policy' && /FunctionsWidget/.test(id),
    );
    const actions = policies
      .flatMap(([, { Properties }]) => Properties.PolicyDocument?.Statement ?? [])
      .flatMap(({ Action }) => Action);
    expect([...new Set(actions)].sort()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      's3:ListBucket',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:SendMessage',
    ]);
  });

  it('is on the dashboard, and is told what runs by itself and what storage costs', () => {
    const [dashboard] = [...resources.values()].filter(({ Type }) => Type === 'AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(dashboard?.Properties.DashboardBody).replaceAll('\\', '');
    expect(body).toContain('"type":"custom"');
    expect(body).toMatch(/"endpoint":"",\{"Fn::GetAtt":\["FunctionsWidget/);
    expect(body).toContain('"name":"backup-database","expression":"cron(0 3 * * ? *)"');
    expect(body).toContain('"prices":"STANDARD=0.023 USD"');
  });
});
