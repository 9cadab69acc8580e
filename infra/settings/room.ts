import { type Deployment, deploymentVariable } from '../../core/deployed/deployment.js';
import { OperatorError } from '../../core/errors.js';
import type { Problem } from './problem.js';
import type { EnvironmentSettings } from './schema.js';

/**
 * Each target takes up to 17 of the 500 resources that a stack may have, and the rest of it about 100.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
const mostTargets = 22;

/** Of all a Lambda's variables together: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const mostBytes = 4096;
/** For the other variables, and the names of all. */
const otherBytes = 96;
/** Of a value that CloudFormation puts in: the longest is a bucket's name. */
const longestValue = 63;

const split = 'Put some of them into another environment; those share nothing and may be in one account.';

/** More targets than a stack has room for: CloudFormation would tell it of "resources", in a stack trace. */
export function tooManyTargets({ databases, media }: EnvironmentSettings): Problem[] {
  const count = databases.length + media.length;
  if (count <= mostTargets) return [];
  const path = [databases.length >= media.length ? 'databases' : 'media'];
  return [
    { path, allowed: `${count} databases and media trees are more than the ${mostTargets} of a stack. ${split}` },
  ];
}

/**
 * What the Lambdas are told of the targets must fit into their variables; else the deployment fails halfway.
 *
 * @throws OperatorError SETTINGS_INVALID
 */
export function assertRoom(deployment: Deployment): void {
  const text = JSON.stringify(deployment).replace(/\$\{Token\[[^\]]*\]\}/g, 'x'.repeat(longestValue));
  const bytes = Buffer.byteLength(text);
  if (bytes <= mostBytes - otherBytes) return;
  throw new OperatorError(
    'SETTINGS_INVALID',
    `environments.${deployment.environment}: ${deployment.targets.length} targets with their names take ${bytes} bytes of a Lambda’s variable ${deploymentVariable}, which has room for ${mostBytes - otherBytes}`,
    `${split} Or give them shorter names under "target".`,
  );
}
