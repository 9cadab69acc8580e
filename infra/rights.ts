import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, type PolicyStatementProps, type Role } from 'aws-cdk-lib/aws-iam';

/** One thing that a role may do. */
export interface Right extends Pick<PolicyStatementProps, 'conditions'> {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Why the resources hold a `*`; without it, one that does fails the synthesis. */
  readonly wildcard?: string;
}

/** Gives a role its rights, and tells cdk-nag the reason of each wildcard. */
export function allow(role: Role, rights: readonly Right[]): void {
  for (const { actions, resources, conditions, wildcard } of rights) {
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: [...actions], resources: [...resources], ...(conditions ? { conditions } : {}) }),
    );
    if (!wildcard) continue;
    for (const resource of resources) {
      const shown = flatten(Stack.of(role).resolve(resource));
      if (!shown.includes('*')) continue;
      Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${shown}]`, reason: wildcard });
    }
  }
}

/** A resolved ARN as cdk-nag writes it: `<VaultBucket0925C477.Arn>/backups/*`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument]] = Object.entries(value as Record<string, unknown>) as [[string, unknown]];
  if (name === 'Ref') return `<${argument}>`;
  if (name === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  const [separator, parts] = argument as [string, unknown[]];
  return parts.map(flatten).join(separator);
}
