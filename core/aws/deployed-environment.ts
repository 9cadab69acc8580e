import { GetFunctionConfigurationCommand, LambdaClient, ResourceNotFoundException } from '@aws-sdk/client-lambda';
import {
  type Deployment,
  deployedName,
  environmentName,
  environmentNameAllowed,
  readDeployment,
} from '../deployed/deployment.js';
import { messageOf, OperatorError } from '../errors.js';

/**
 * What is deployed under an environment's name, as its own Lambdas know it.
 *
 * @throws OperatorError AWS_FAILED, or USAGE for what no environment can be called
 */
export async function deployedEnvironment(environment: string): Promise<Deployment> {
  if (!environmentName.test(environment))
    throw new OperatorError(
      'USAGE',
      `there can be no environment "${environment}": ${environmentNameAllowed}`,
      'Name one of those under "environments" in cdk.json.',
    );
  const client = new LambdaClient();
  try {
    const { Environment } = await client.send(
      new GetFunctionConfigurationCommand({ FunctionName: deployedName(environment, 'restore') }),
    );
    return readDeployment(Environment?.Variables ?? {});
  } catch (cause) {
    throw cause instanceof ResourceNotFoundException
      ? new OperatorError(
          'AWS_FAILED',
          `no environment "${environment}" is deployed in ${await client.config.region()}`,
          'Check the name, AWS_REGION and the account (aws sts get-caller-identity), or deploy it: npx cdk deploy -c env=NAME.',
          { cause },
        )
      : awsFailed(`environment "${environment}" not looked up`, cause);
  }
}

/** @param what what was not done: `environment "prod" not looked up` */
export function awsFailed(what: string, cause: unknown): OperatorError {
  return new OperatorError(
    'AWS_FAILED',
    `${what}: ${messageOf(cause)}`,
    'Check the credentials (aws sts get-caller-identity), AWS_REGION, and the rights that docs/deploying.md names.',
    { cause },
  );
}
