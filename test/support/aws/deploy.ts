import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { execa } from 'execa';
import { stackName } from '../../../core/deployed/deployment.js';
import { account, clientConfig, credentials, region } from './clients.js';
import { fillIn } from './fill-in.js';
import { type Resolve, resolver } from './resolve.js';
import { resourcesOf, shipped, type Template } from './stack.js';

export interface Deployed {
  readonly template: Template;
  /** Turns what stands in the template into what is deployed. */
  readonly resolve: Resolve;
  /** The folder of the synthesis, with the Lambdas' bundles in it. */
  readonly out: string;
  remove(): Promise<void>;
}

/**
 * Bootstraps the account and deploys an environment into moto, with the CDK's own command line and the app as it is; then
 * puts in what moto's CloudFormation leaves out.
 */
export async function deploy(endpoint: string, environment: string, settings: unknown): Promise<Deployed> {
  const folder = await mkdtemp(join(tmpdir(), 'respaldo-deploy-'));
  const root = new URL('../../..', import.meta.url).pathname;
  const cdkJson = {
    app: `${process.execPath} --import ${import.meta.resolve('tsx')} ${root}infra/main.ts`,
    context: {
      ...shipped,
      environments: { [environment]: settings },
      // With "localhost" in the bucket's name, moto takes the URL of a template for one of its own.
      '@aws-cdk/core:bootstrapQualifier': 'localhost',
    },
  };
  await writeFile(join(folder, 'cdk.json'), JSON.stringify(cdkJson));
  const cdk = async (...args: string[]) => {
    const { exitCode, all } = await execa(process.execPath, [`${root}node_modules/aws-cdk/bin/cdk`, ...args], {
      cwd: folder,
      env: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_EC2_METADATA_DISABLED: 'true',
        CDK_DISABLE_CLI_TELEMETRY: 'true',
      },
      all: true,
      reject: false,
    });
    if (exitCode !== 0) throw new Error(`cdk ${args[0]} ended with ${exitCode}:\n${all}`);
  };
  const common = ['--no-notices', '-c', `env=${environment}`];
  const out = join(folder, 'cdk.out');
  const name = stackName(environment);
  const templateFile = join(out, `${name}.template.json`);
  await cdk('bootstrap', `aws://${account}/${region}`, '--qualifier', 'localhost', ...common);
  await cdk('synth', '--quiet', ...common);
  const template = JSON.parse(await readFile(templateFile, 'utf8')) as Template;
  await writeFile(templateFile, JSON.stringify(forMoto(template)));
  await cdk('deploy', '--app', out, '--method', 'direct', '--require-approval', 'never', ...common);
  const ids = await physicalIds(endpoint, name, template);
  const resolve = resolver(template, name, ids);
  await fillIn(endpoint, template, ids, resolve);
  return { template, resolve, out, remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * What moto's CloudFormation can take: a reference to a bus becomes an object of Python's instead of the name, and a
 * dashboard that names alarms fails, as it makes no alarms.
 */
function forMoto(template: Template): Template {
  const busNames = new Map(
    resourcesOf(template, 'AWS::Events::EventBus').map(([id, { Properties }]) => [id, Properties.Name]),
  );
  const named = JSON.stringify(template.Resources, (_key, value) => busNames.get(value?.Ref) ?? value);
  const left = Object.entries(JSON.parse(named) as Template['Resources']).filter(
    ([, { Type }]) => Type !== 'AWS::CloudWatch::Dashboard' && Type !== 'AWS::CloudWatch::Alarm',
  );
  return { ...template, Resources: Object.fromEntries(left) };
}

async function physicalIds(endpoint: string, stack: string, template: Template): Promise<Map<string, string>> {
  const client = new CloudFormationClient(clientConfig(endpoint));
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: stack }));
  const ids = new Map(
    StackResources.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [
      LogicalResourceId,
      PhysicalResourceId,
    ]),
  );
  for (const [id, { Properties }] of resourcesOf(template, 'AWS::Events::EventBus')) ids.set(id, Properties.Name);
  return ids;
}
