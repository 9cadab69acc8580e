import { type App, type Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { stackName } from '../core/deployed/deployment.js';
import { ReplicaStack } from './replica-stack.js';
import { RespaldoStack } from './respaldo-stack.js';
import { readEnvironment } from './settings/read.js';

/**
 * Builds what is deployed for the environment that the context names with `env`, by the settings that stand in the
 * context under `environments`. The app and the tests both come through here.
 *
 * @throws OperatorError SETTINGS_INVALID
 */
export function buildApp(app: App, now: Date): Stack {
  const environment: string | undefined = app.node.tryGetContext('env');
  const settings = readEnvironment(app.node.tryGetContext('environments'), environment, now);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const name = environment as string;
  const stack = new RespaldoStack(app, stackName(name), { environment: name, settings, now });
  const region = settings.vault.replication?.region;
  // The copy's bucket must be there before S3 is told to copy into it.
  if (region) stack.addStackDependency(new ReplicaStack(app, { environment: name, settings, region }));
  return stack;
}
