import { type Resource, resourcesOf, type Template } from './stack.js';

/** One permission, its ARNs written as text. */
export interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: Condition;
}

/** Operator, key, and the values of which one must fit. */
type Condition = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Turns a value of a template into text. */
export type ToText = (value: unknown) => string;

/** What a role is allowed, by the policies in its template. */
export function statementsOf(template: Template, roleId: string, toText: ToText = symbolic): Statement[] {
  const isRole = (role: unknown) => symbolic(role) === `<${roleId}>`;
  return resourcesOf(template, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) => (Properties.Roles as unknown[]).some(isRole))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as RawStatement[])
    .map(({ Effect, Action, Resource: on, Condition: condition = {} }) => ({
      effect: Effect,
      actions: [Action].flat().map(String),
      resources: [on].flat().map(toText),
      condition: Object.fromEntries(
        Object.entries(condition).map(([operator, keys]) => [
          operator,
          Object.fromEntries(Object.entries(keys).map(([key, wanted]) => [key, [wanted].flat().map(toText)])),
        ]),
      ),
    }));
}

interface RawStatement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The roles' ids, by what works with them: task families and the Lambdas' names. */
export function rolesOf(template: Template): Readonly<Record<string, string>> {
  const named = (type: string, name: string, role: string) =>
    resourcesOf(template, type).map(([, { Properties }]: [string, Resource]) => [
      Properties[name],
      /^<([^.>]+)/.exec(symbolic(Properties[role]))?.[1],
    ]);
  return Object.fromEntries([
    ...named('AWS::ECS::TaskDefinition', 'Family', 'TaskRoleArn'),
    ...named('AWS::Lambda::Function', 'FunctionName', 'Role'),
  ]);
}

export function rightsOf(template: Template, name: string): Statement[] {
  const role = rolesOf(template)[name];
  if (!role) throw new Error(`no role of ${name}; there are ${Object.keys(rolesOf(template)).join(', ')}`);
  return statementsOf(template, role);
}

/** A value as text, references as `<Id>` and `<Id.Attribute>`: `<VaultBucket0925C477.Arn>/backups/*`. */
export function symbolic(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument] = ['', '']] = Object.entries(value as Record<string, unknown>);
  if (name === 'Ref') return `<${argument}>`;
  if (name === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  if (name !== 'Fn::Join') return JSON.stringify(value);
  const [separator, parts] = argument as [string, unknown[]];
  return parts.map(symbolic).join(separator);
}

export interface Request {
  readonly action: string;
  readonly resource: string;
  /** Condition keys and their values; one that the request does not have is absent. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Whether the statements let a request pass, as IAM judges: some Allow fits, and no Deny does. */
export function allows(statements: readonly Statement[], request: Request): boolean {
  const fitting = statements.filter(
    ({ actions, resources, condition }) =>
      actions.some((action) => matches(action, request.action)) &&
      resources.some((resource) => matches(resource, request.resource)) &&
      holds(condition, request.context ?? {}),
  );
  return fitting.some(({ effect }) => effect === 'Allow') && fitting.every(({ effect }) => effect === 'Allow');
}

function matches(pattern: string, value: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${escaped}$`, 's').test(value);
}

function holds(condition: Condition, context: Readonly<Record<string, string>>): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const found = context[key];
      if (operator === 'Null') return (found === undefined) === (wanted[0] === 'true');
      return found !== undefined && wanted.some((each) => matches(each, found));
    }),
  );
}
