import { type Resource, resourcesOf, type Template } from './stack.js';

/** One permission of a role, as the template has it, with the ARNs written as text: `<VaultBucket0925C477.Arn>/backups/*`. */
export interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The statements of a role's own policies and of those attached to it. */
export function statementsOf(template: Template, roleId: string): Statement[] {
  const attached = resourcesOf(template, 'AWS::IAM::Policy').filter(([, { Properties }]) =>
    (Properties.Roles as unknown[]).some((role) => text(role) === `<${roleId}>`),
  );
  const own: { PolicyDocument: { Statement: RawStatement[] } }[] = template.Resources[roleId]?.Properties.Policies ?? [];
  return [...attached.map(([, { Properties }]) => Properties), ...own].flatMap(({ PolicyDocument }) =>
    (PolicyDocument.Statement as RawStatement[]).map(({ Effect, Action, Resource: on, Condition = {} }) => ({
      effect: Effect,
      actions: [Action].flat().map(String),
      resources: [on].flat().map(text),
      condition: Condition,
    })),
  );
}

interface RawStatement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The roles of an environment, by what works with them: task families and the Lambdas' names. */
export function rolesOf(template: Template): Readonly<Record<string, string>> {
  const taskRoles = resourcesOf(template, 'AWS::ECS::TaskDefinition').map(([, { Properties }]) => [
    Properties.Family,
    logicalId(Properties.TaskRoleArn),
  ]);
  const lambdaRoles = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => [
    Properties.FunctionName,
    logicalId(Properties.Role),
  ]);
  return Object.fromEntries([...taskRoles, ...lambdaRoles]);
}

export function roleOf(template: Template, name: string): string {
  const role = rolesOf(template)[name];
  if (!role) throw new Error(`no role of ${name}; there are ${Object.keys(rolesOf(template)).join(', ')}`);
  return role;
}

function logicalId(arn: unknown): string {
  return /^<([^.>]+)/.exec(text(arn))?.[1] ?? '';
}

/** A value of a template as text; references as `<Id>` and `<Id.Attribute>`. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = ['', '']] = Object.entries((value ?? {}) as Record<string, unknown>);
  if (name === 'Ref') return `<${argument}>`;
  if (name === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map(text).join(separator);
  }
  if (name === 'Fn::ImportValue' || name === 'Fn::Sub') return JSON.stringify(argument);
  return JSON.stringify(value);
}

export type { Resource };
