import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { dashboardLink, functionLink } from '../core/deployed/console-links.js';
import { type Deployment, deployedName } from '../core/deployed/deployment.js';

/** What a person needs next. */
export function outputs(stack: Stack, { region, environment, vault, bus }: Deployment): void {
  const entries: Record<string, readonly [string, string]> = {
    Restore: [functionLink(region, deployedName(environment, 'restore')), 'Restore from here: send {} first'],
    StartBackup: [
      functionLink(region, deployedName(environment, 'start-backup')),
      'Back up now: send { "kind": "full" }',
    ],
    Dashboard: [dashboardLink(region, deployedName(environment, 'backups')), 'Whether all is well'],
    VaultBucket: [vault.bucket, 'Where the backups are'],
    EventBus: [bus, 'Where every result is told'],
  };
  for (const [name, [value, description]] of Object.entries(entries))
    new CfnOutput(stack, name, { value, description });
}
